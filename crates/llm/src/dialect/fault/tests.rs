//! Error bodies of the vendors as they come, and the class of each.

use super::*;

#[track_caller]
fn check(status: u16, body: &str, want: CallErrorClass) {
    match read(status, None, body.as_bytes()) {
        Fault::Failed(error) => assert_eq!(error.class, want, "{status} {body}"),
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[track_caller]
fn check_refuses(status: u16, body: &str, want: Part) {
    match read(status, None, body.as_bytes()) {
        Fault::Refuses(part, error) => {
            assert_eq!((part, error.class), (want, CallErrorClass::BadRequest), "{status} {body}");
        }
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[track_caller]
fn check_blocked(status: u16, body: &str) {
    assert!(matches!(read(status, None, body.as_bytes()), Fault::Blocked(_)), "{status} {body}");
}

#[test]
fn a_wrong_key_is_auth_by_every_vendor() {
    let auth = CallErrorClass::Auth;
    check(
        401,
        r#"{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","code":"invalid_api_key"}}"#,
        auth,
    );
    check(401, r#"{"message":"Unauthorized","request_id":"1"}"#, auth);
    check(401, r#"{"status":401,"message":"Token has expired"}"#, auth);
    check(401, r#"{"error":{"code":"1000","message":"身份验证失败。"}}"#, auth);
    check(403, "forbidden", auth);
}

#[test]
fn an_unknown_model_is_a_bad_request() {
    let bad = CallErrorClass::BadRequest;
    check(
        404,
        r#"{"error":{"message":"The model `gpt-9` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
        bad,
    );
    check(
        404,
        r#"{"error":{"message":"model 'qwen9' not found, try pulling it first","type":"api_error"}}"#,
        bad,
    );
    check(400, r#"{"error":{"code":"1211","message":"模型不存在，请检查模型代码。"}}"#, bad);
}

#[test]
fn a_spent_account_is_not_a_rate_limit() {
    let spent = CallErrorClass::QuotaSpent;
    check(
        429,
        r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        spent,
    );
    check(
        429,
        r#"{"error":{"message":"Your account is suspended","type":"exceeded_current_quota_error"}}"#,
        spent,
    );
    check(429, r#"{"error":{"code":"1113","message":"您的账户已欠费"}}"#, spent);
    check(400, r#"{"error":{"code":"Arrearage","message":"Access denied"}}"#, spent);
    check(
        402,
        r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
        spent,
    );
    check(402, r#"{"error":{"message":"This request requires more credits","code":402}}"#, spent);
}

#[test]
fn too_fast_is_a_rate_limit() {
    let limited = CallErrorClass::RateLimited;
    check(
        429,
        r#"{"error":{"message":"Rate limit reached for gpt-4o","type":"tokens","code":"rate_limit_exceeded"}}"#,
        limited,
    );
    check(429, r#"{"error":{"code":"1302","message":"您当前使用该API的并发数过高"}}"#, limited);
    check(429, "", limited);
}

#[test]
fn a_question_that_never_fits_is_too_long_whatever_the_status() {
    let long = CallErrorClass::TooLong;
    check(
        400,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded"}}"#,
        long,
    );
    check(
        400,
        r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000","type":"BadRequestError","code":400}"#,
        long,
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
        long,
    );
    check(
        422,
        r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096","error_type":"validation"}"#,
        long,
    );
    check(
        413,
        r#"{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000","type":"tokens","code":"rate_limit_exceeded"}}"#,
        long,
    );
    check(
        429,
        r#"{"error":{"message":"Request too large for gpt-4 on tokens per min (TPM)","type":"tokens","code":"rate_limit_exceeded"}}"#,
        long,
    );
}

#[test]
fn the_other_side_failing_is_server_or_timeout() {
    check(500, "oops", CallErrorClass::Server);
    check(
        503,
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
        CallErrorClass::Server,
    );
    check(529, "", CallErrorClass::Server);
    check(502, "<html><body>Bad Gateway</body></html>", CallErrorClass::Server);
    check(504, "", CallErrorClass::Timeout);
    check(408, "", CallErrorClass::Timeout);
}

#[test]
fn an_answer_that_broke_its_format_on_the_vendors_side_is_worth_another_try() {
    check(
        400,
        r#"{"error":{"message":"Failed to generate JSON","type":"invalid_request_error","code":"json_validate_failed","failed_generation":""}}"#,
        CallErrorClass::BadBody,
    );
}

#[test]
fn a_blocked_question_is_not_a_failure_of_the_call() {
    check_blocked(
        400,
        r#"{"error":{"message":"The response was filtered","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
    );
    check_blocked(
        400,
        r#"{"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content."}}"#,
    );
    check_blocked(
        400,
        r#"{"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"},"contentFilter":[{"role":"user","level":0}]}"#,
    );
    check_blocked(
        403,
        r#"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["hate"]}}}"#,
    );
}

#[test]
fn a_refused_answer_format_is_named() {
    check_refuses(
        400,
        r#"{"error":{"message":"Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.","param":"response_format"}}"#,
        Part::Format,
    );
    check_refuses(
        400,
        r#"{"error":{"message":"This response_format type is unavailable now","type":"invalid_request_error"}}"#,
        Part::Format,
    );
    check_refuses(
        422,
        r#"{"detail":[{"type":"extra_forbidden","loc":["body","response_format"],"msg":"Extra inputs are not permitted"}]}"#,
        Part::Format,
    );
}

#[test]
fn refused_parameters_are_named() {
    check_refuses(
        400,
        r#"{"error":{"message":"property 'logprobs' is unsupported","type":"invalid_request_error"}}"#,
        Part::Logprobs,
    );
    check_refuses(
        400,
        r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
        Part::MaxTokensName,
    );
    check_refuses(
        400,
        r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.","param":"temperature","code":"unsupported_value"}}"#,
        Part::Sampling,
    );
    check_refuses(
        422,
        r#"{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}"#,
        Part::Seed,
    );
    check_refuses(
        400,
        r#"{"error":{"message":"Unrecognized request argument supplied: reasoning_effort"}}"#,
        Part::ReasoningEffort,
    );
}

#[test]
fn a_value_out_of_range_is_not_a_refused_parameter() {
    check(
        400,
        r#"{"error":{"message":"temperature must be between 0 and 2","param":"temperature"}}"#,
        CallErrorClass::BadRequest,
    );
}

#[test]
fn a_message_is_one_bounded_line() {
    let body = format!("a\n\tb {}", "я".repeat(2000));
    match read(500, None, body.as_bytes()) {
        Fault::Failed(error) => {
            assert!(error.message.starts_with("a b яя"));
            assert_eq!(error.message.chars().count(), MAX_MESSAGE + 1);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn anthropics_failures_have_their_class() {
    let error = |kind: &str, message: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}"#
        )
    };
    check(529, &error("overloaded_error", "Overloaded"), CallErrorClass::Server);
    check(
        429,
        &error("rate_limit_error", "This request would exceed your rate limit"),
        CallErrorClass::RateLimited,
    );
    check(401, &error("authentication_error", "invalid x-api-key"), CallErrorClass::Auth);
    check(403, &error("permission_error", "not allowed"), CallErrorClass::Auth);
    check(404, &error("not_found_error", "model: claude-x"), CallErrorClass::BadRequest);
    check(413, &error("request_too_large", "Request exceeds the maximum size"), CallErrorClass::TooLong);
    check(500, &error("api_error", "Internal server error"), CallErrorClass::Server);
    check(504, &error("timeout_error", "timed out"), CallErrorClass::Timeout);
    let invalid = |message: &str| error("invalid_request_error", message);
    check(400, &invalid("prompt is too long: 208310 tokens > 200000 maximum"), CallErrorClass::TooLong);
    check(
        400,
        &invalid("input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000"),
        CallErrorClass::TooLong,
    );
    check(
        400,
        &invalid("Your credit balance is too low to access the Anthropic API."),
        CallErrorClass::QuotaSpent,
    );
    check(400, &invalid("max_tokens: 300000 > 64000, which is the maximum"), CallErrorClass::BadRequest);
    check_blocked(400, &invalid("Output blocked by content filtering policy"));
}

#[test]
fn anthropics_refused_parts_are_named() {
    for (message, part) in [
        ("output_config.format: Extra inputs are not permitted", Part::Format),
        (
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
            Part::Format,
        ),
        ("Schema is too complex. Simplify it.", Part::Format),
        ("The compiled grammar is too large, which would cause performance issues.", Part::Format),
        ("tool_choice: this model does not support forced tool use", Part::Format),
        ("`temperature` is deprecated for this model.", Part::Sampling),
        ("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.", Part::Sampling),
        (
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
            Part::TopP,
        ),
        ("This model does not support the effort parameter.", Part::ReasoningEffort),
        ("adaptive thinking is not supported on this model", Part::ReasoningEffort),
    ] {
        let body =
            format!(r#"{{"type":"error","error":{{"type":"invalid_request_error","message":"{message}"}}}}"#);
        check_refuses(400, &body, part);
    }
    check_refuses(
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"\"thinking.type.disabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\"."}}"#,
        Part::ReasoningEffort,
    );
}

#[test]
fn googles_failures_have_their_class() {
    let error = |code: u16, status: &str, message: &str| {
        format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#)
    };
    check(
        400,
        r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT",
        "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
        CallErrorClass::Auth,
    );
    check(403, &error(403, "PERMISSION_DENIED", "no access"), CallErrorClass::Auth);
    check(
        404,
        &error(404, "NOT_FOUND", "models/x is not found for API version v1beta"),
        CallErrorClass::BadRequest,
    );
    check(503, &error(503, "UNAVAILABLE", "The model is overloaded."), CallErrorClass::Server);
    check(500, &error(500, "INTERNAL", "An internal error has occurred."), CallErrorClass::Server);
    check(504, &error(504, "DEADLINE_EXCEEDED", "too slow"), CallErrorClass::Timeout);
    let long = "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).";
    check(400, &error(400, "INVALID_ARGUMENT", long), CallErrorClass::TooLong);
    let listed = format!("[{}]", error(429, "RESOURCE_EXHAUSTED", "Resource exhausted."));
    check(429, &listed, CallErrorClass::RateLimited);
}

#[test]
fn googles_wait_stands_in_the_body_and_a_quota_of_the_day_is_spent() {
    let body = |quota: &str| {
        format!(
            r#"{{"error":{{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[
            {{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"{quota}","quotaValue":"250000"}}]}},
            {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"26.5s"}}]}}}}"#
        )
    };
    let read = |quota: &str, header: Option<Duration>| match read(429, header, body(quota).as_bytes()) {
        Fault::Failed(error) => (error.class, error.retry_after),
        other => panic!("{other:?}"),
    };
    let minute = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
    assert_eq!(read(minute, None), (CallErrorClass::RateLimited, Some(Duration::from_millis(26_500))));
    let header = Some(Duration::from_secs(3));
    assert_eq!(read(minute, header), (CallErrorClass::RateLimited, header));
    assert_eq!(read("GenerateRequestsPerDayPerProjectPerModel-FreeTier", None).0, CallErrorClass::QuotaSpent);
}

#[test]
fn googles_refused_parts_are_named() {
    for (message, part) in [
        ("Logprobs is not enabled for models/gemini-2.5-pro", Part::Logprobs),
        ("Thinking level is not supported for this model.", Part::ReasoningEffort),
        ("Budget 0 is invalid. This model only works in thinking mode.", Part::ReasoningEffort),
        (
            r#"Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field."#,
            Part::Format,
        ),
        ("Invalid value at 'generation_config.response_schema.type'", Part::Format),
        ("The specified schema produces a constraint that has too many states for serving.", Part::Format),
    ] {
        let body = format!(r#"{{"error":{{"code":400,"message":"{message}","status":"INVALID_ARGUMENT"}}}}"#);
        check_refuses(400, &body, part);
    }
}

#[test]
fn ollamas_failures_are_a_word_under_error() {
    check(404, r#"{"error":"model 'x' not found"}"#, CallErrorClass::BadRequest);
    check_refuses(400, r#"{"error":"\"llama3.1\" does not support thinking"}"#, Part::ReasoningEffort);
    check_refuses(
        400,
        r#"{"error":"think value \"low\" is not supported for this model"}"#,
        Part::ReasoningEffort,
    );
}
