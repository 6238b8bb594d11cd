//! Every service that can be named in front of a model: `openai/…`, `ollama/…`.
//!
//! In: nothing. Out: the table [`ENDPOINTS`], plain data: where it is, which key it wants, what it can do. To add an
//! OpenAI-compatible service, add its row.
//!
//! Whether a service is reached by its own dialect or by its OpenAI surface: by the OpenAI surface, unless the own one gives
//! more of what labeling needs (held formats, token probabilities, counts, the cache).
//!
//! What the rows rest on, as of November 2026. Checked against documentation or running code of others: the addresses of
//! yandex, gigachat, dashscope, zhipu, moonshot and groq; that OpenAI's `reset` headers tell the time until the limit is whole again; that Groq refuses
//! `logprobs`; Mistral's `random_seed`; Yandex's `Api-Key` scheme; the port 3000 of the TGI launcher; paths, headers and fields of anthropic, gemini, openai-responses and
//! ollama-native; the addresses of xai, cohere, nvidia and bedrock. Not checked one by
//! one: the other addresses, and which models of a service know schemas or seeds. A wrong `true` in [`Can`] costs one refused call, after which the
//! part is left out and listed as a downgrade.
//!
//! Not here: keys (`key.rs`) and prices (`prices.toml`).

use crate::dialect::{Dialect, Level, Wire};

/// A service that runs models.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The name in front of the `/`. Never changes once released.
    pub name: &'static str,
    /// Where calls go; empty where each user has an own address.
    pub base_url: &'static str,
    /// An environment variable that may hold the address.
    pub base_url_env: Option<&'static str>,
    /// The environment variable that holds the key.
    pub key_env: Option<&'static str>,
    /// Whether calls without a key are hopeless.
    pub needs_key: bool,
    /// How it speaks.
    pub dialect: Dialect,
    /// How the key is sent.
    pub auth: Auth,
    /// What it can do.
    pub can: Can,
    /// What it calls the bound on the answer's length.
    pub max_tokens: &'static str,
    /// What it calls the seed.
    pub seed: &'static str,
    /// A model to try first, as its name is written.
    pub example_model: &'static str,
    /// One line for tables and help.
    pub doc: &'static str,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `api-key: KEY`.
    ApiKeyHeader,
    /// `Authorization: Api-Key KEY`.
    ApiKeyScheme,
    /// `x-api-key: KEY`.
    XApiKey,
    /// `x-goog-api-key: KEY`.
    XGoogApiKey,
}

/// What an endpoint can do; a model of it may do less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Can {
    /// Hold an answer to a JSON Schema.
    pub json_schema: bool,
    /// Hold an answer to some JSON object.
    pub json_mode: bool,
    /// Give log-probabilities of tokens in the form that the dialect reads.
    pub logprobs: bool,
    /// Take a seed.
    pub seed: bool,
    /// Take many requests in one batch at a lower price (`batch.rs`).
    pub batch: bool,
}

impl Endpoint {
    /// What to send at first: all that the row allows.
    #[must_use]
    pub fn wire(&self) -> Wire {
        let format = match (self.can.json_schema, self.can.json_mode) {
            (true, _) => Level::JsonSchema,
            (false, true) => Level::Json,
            (false, false) => Level::Text,
        };
        Wire {
            format,
            logprobs: self.can.logprobs,
            sampling: true,
            top_p: true,
            reasoning_effort: true,
            stop: true,
            seed: self.can.seed.then_some(self.seed),
            max_tokens: self.max_tokens,
        }
    }

    /// Whether it runs on this machine by default: nothing leaves it and nothing is charged.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.base_url.starts_with("http://127.0.0.1:")
    }
}

/// The row of this name.
#[must_use]
pub fn endpoint(name: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.name == name)
}

/// What stands for a server that is known by its address alone.
pub const CUSTOM: Endpoint = Endpoint {
    name: "custom",
    base_url: "",
    key_env: Some("KARAT_API_KEY"),
    can: Can { json_schema: true, json_mode: true, logprobs: true, seed: true, batch: false },
    example_model: "my-model",
    doc: "any server with an OpenAI-compatible chat endpoint, named by its address",
    ..LOCAL
};

const FULL: Can = Can { json_schema: true, json_mode: true, logprobs: true, seed: true, batch: false };

/// What most hosted services have in common.
const HOSTED: Endpoint = Endpoint {
    name: "",
    base_url: "",
    base_url_env: None,
    key_env: None,
    needs_key: true,
    dialect: Dialect::OpenAiChat,
    auth: Auth::Bearer,
    can: FULL,
    max_tokens: "max_tokens",
    seed: "seed",
    example_model: "",
    doc: "",
};

/// What servers on this machine have in common.
const LOCAL: Endpoint = Endpoint { needs_key: false, ..HOSTED };

/// Every named endpoint, hosted ones first, in the order of the documentation.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        key_env: Some("OPENAI_API_KEY"),
        can: Can { batch: true, ..FULL },
        max_tokens: "max_completion_tokens",
        example_model: "gpt-4o-mini",
        doc: "OpenAI",
        ..HOSTED
    },
    Endpoint {
        name: "openai-responses",
        base_url: "https://api.openai.com/v1",
        key_env: Some("OPENAI_API_KEY"),
        dialect: Dialect::OpenAiResponses,
        can: Can { seed: false, batch: true, ..FULL },
        max_tokens: "max_output_tokens",
        example_model: "gpt-5-mini",
        doc: "OpenAI by its Responses API: for models that answer nowhere else, and reasoning models with all their settings",
        ..HOSTED
    },
    Endpoint {
        name: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        key_env: Some("ANTHROPIC_API_KEY"),
        dialect: Dialect::Anthropic,
        auth: Auth::XApiKey,
        can: Can { json_schema: true, json_mode: false, logprobs: false, seed: false, batch: true },
        example_model: "claude-haiku-4-5",
        doc: "Anthropic (Claude)",
        ..HOSTED
    },
    Endpoint {
        name: "gemini",
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_env: Some("GEMINI_API_KEY"),
        dialect: Dialect::Gemini,
        auth: Auth::XGoogApiKey,
        // Few models give log-probabilities; the others refuse them once.
        can: Can { batch: true, ..FULL },
        max_tokens: "maxOutputTokens",
        example_model: "gemini-2.5-flash-lite",
        doc: "Google Gemini API; token probabilities by few models",
        ..HOSTED
    },
    Endpoint {
        name: "azure",
        base_url_env: Some("AZURE_OPENAI_BASE_URL"),
        key_env: Some("AZURE_OPENAI_API_KEY"),
        auth: Auth::ApiKeyHeader,
        can: Can { batch: true, ..FULL },
        max_tokens: "max_completion_tokens",
        example_model: "my-deployment",
        doc: "Azure OpenAI; the address is your resource's, up to and with `/openai/v1`, and the model is a deployment",
        ..HOSTED
    },
    Endpoint {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        key_env: Some("OPENROUTER_API_KEY"),
        example_model: "qwen/qwen3-8b",
        doc: "OpenRouter: many vendors' models behind one key",
        ..HOSTED
    },
    Endpoint {
        name: "deepseek",
        base_url: "https://api.deepseek.com/v1",
        key_env: Some("DEEPSEEK_API_KEY"),
        can: Can { json_schema: false, seed: false, ..FULL },
        example_model: "deepseek-chat",
        doc: "DeepSeek",
        ..HOSTED
    },
    Endpoint {
        name: "mistral",
        base_url: "https://api.mistral.ai/v1",
        key_env: Some("MISTRAL_API_KEY"),
        can: Can { logprobs: false, batch: true, ..FULL },
        seed: "random_seed",
        example_model: "mistral-small-latest",
        doc: "Mistral",
        ..HOSTED
    },
    Endpoint {
        name: "groq",
        base_url: "https://api.groq.com/openai/v1",
        key_env: Some("GROQ_API_KEY"),
        can: Can { logprobs: false, batch: true, ..FULL },
        max_tokens: "max_completion_tokens",
        example_model: "llama-3.1-8b-instant",
        doc: "Groq; schemas by some models only",
        ..HOSTED
    },
    Endpoint {
        name: "together",
        base_url: "https://api.together.xyz/v1",
        key_env: Some("TOGETHER_API_KEY"),
        // It takes a number where the dialect sends `true`.
        can: Can { logprobs: false, batch: true, ..FULL },
        example_model: "Qwen/Qwen2.5-7B-Instruct-Turbo",
        doc: "Together",
        ..HOSTED
    },
    Endpoint {
        name: "fireworks",
        base_url: "https://api.fireworks.ai/inference/v1",
        key_env: Some("FIREWORKS_API_KEY"),
        example_model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
        doc: "Fireworks",
        ..HOSTED
    },
    Endpoint {
        name: "xai",
        base_url: "https://api.x.ai/v1",
        key_env: Some("XAI_API_KEY"),
        example_model: "grok-3-mini",
        doc: "xAI (Grok)",
        ..HOSTED
    },
    Endpoint {
        name: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        key_env: Some("CEREBRAS_API_KEY"),
        max_tokens: "max_completion_tokens",
        example_model: "gpt-oss-120b",
        doc: "Cerebras",
        ..HOSTED
    },
    Endpoint {
        name: "cohere",
        base_url: "https://api.cohere.ai/compatibility/v1",
        key_env: Some("COHERE_API_KEY"),
        can: Can { logprobs: false, ..FULL },
        example_model: "command-a-03-2025",
        doc: "Cohere by its OpenAI surface",
        ..HOSTED
    },
    Endpoint {
        name: "deepinfra",
        base_url: "https://api.deepinfra.com/v1/openai",
        key_env: Some("DEEPINFRA_API_KEY"),
        example_model: "meta-llama/Meta-Llama-3.1-8B-Instruct",
        doc: "DeepInfra",
        ..HOSTED
    },
    Endpoint {
        name: "huggingface",
        base_url: "https://router.huggingface.co/v1",
        key_env: Some("HF_TOKEN"),
        example_model: "openai/gpt-oss-20b",
        doc: "Hugging Face's router to many services; what a model takes depends on where it runs",
        ..HOSTED
    },
    Endpoint {
        name: "nvidia",
        base_url: "https://integrate.api.nvidia.com/v1",
        key_env: Some("NVIDIA_API_KEY"),
        example_model: "meta/llama-3.1-8b-instruct",
        doc: "NVIDIA's hosted models",
        ..HOSTED
    },
    Endpoint {
        name: "bedrock",
        base_url_env: Some("BEDROCK_BASE_URL"),
        key_env: Some("AWS_BEARER_TOKEN_BEDROCK"),
        can: Can { logprobs: false, ..FULL },
        example_model: "openai.gpt-oss-20b",
        doc: "Amazon Bedrock by its OpenAI surface and a Bedrock API key; the address is your region's",
        ..HOSTED
    },
    Endpoint {
        name: "dashscope",
        base_url: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        base_url_env: Some("DASHSCOPE_BASE_URL"),
        key_env: Some("DASHSCOPE_API_KEY"),
        can: Can { json_schema: false, logprobs: false, batch: true, ..FULL },
        example_model: "qwen-plus",
        doc: "Alibaba DashScope, international; keys of mainland China use the same address without `-intl`",
        ..HOSTED
    },
    Endpoint {
        name: "moonshot",
        base_url: "https://api.moonshot.ai/v1",
        base_url_env: Some("MOONSHOT_BASE_URL"),
        key_env: Some("MOONSHOT_API_KEY"),
        can: Can { json_schema: false, logprobs: false, seed: false, ..FULL },
        example_model: "kimi-k2.6",
        doc: "Moonshot (Kimi), international; keys of mainland China use the same address with `.cn`",
        ..HOSTED
    },
    Endpoint {
        name: "zhipu",
        base_url: "https://open.bigmodel.cn/api/paas/v4",
        base_url_env: Some("ZHIPUAI_BASE_URL"),
        key_env: Some("ZHIPUAI_API_KEY"),
        can: Can { json_schema: false, logprobs: false, seed: false, batch: true, ..FULL },
        example_model: "glm-4.7",
        doc: "Zhipu BigModel (GLM), mainland China",
        ..HOSTED
    },
    Endpoint {
        name: "yandex",
        base_url: "https://llm.api.cloud.yandex.net/v1",
        key_env: Some("YANDEX_API_KEY"),
        auth: Auth::ApiKeyScheme,
        can: Can { logprobs: false, seed: false, ..FULL },
        example_model: "gpt://FOLDER/yandexgpt-lite/latest",
        doc: "Yandex Cloud AI Studio; the model's name holds your folder",
        ..HOSTED
    },
    Endpoint {
        name: "gigachat",
        base_url: "https://gigachat.devices.sberbank.ru/api/v1",
        key_env: Some("GIGACHAT_ACCESS_TOKEN"),
        can: Can { json_schema: false, json_mode: false, logprobs: false, seed: false, batch: false },
        example_model: "GigaChat",
        doc: "Sber GigaChat; the key is an access token of 30 minutes, and the system must trust the Russian root certificate",
        ..HOSTED
    },
    Endpoint {
        name: "ollama",
        base_url: "http://127.0.0.1:11434/v1",
        base_url_env: Some("OLLAMA_BASE_URL"),
        example_model: "qwen3:8b",
        doc: "Ollama on this machine",
        ..LOCAL
    },
    Endpoint {
        // Its OpenAI surface gives log-probabilities as well, since 0.12.11, so `ollama` stays there and asks as all local
        // servers are asked. What only the own dialect takes is `num_ctx` and what else `options` holds.
        name: "ollama-native",
        base_url: "http://127.0.0.1:11434",
        base_url_env: Some("OLLAMA_NATIVE_BASE_URL"),
        dialect: Dialect::Ollama,
        max_tokens: "num_predict",
        example_model: "qwen3:8b",
        doc: "Ollama by its own API: takes `num_ctx` and further `options`",
        ..LOCAL
    },
    Endpoint {
        name: "vllm",
        base_url: "http://127.0.0.1:8000/v1",
        key_env: Some("VLLM_API_KEY"),
        example_model: "Qwen/Qwen3-8B",
        doc: "vLLM on this machine",
        ..LOCAL
    },
    Endpoint {
        name: "llamacpp",
        base_url: "http://127.0.0.1:8080/v1",
        key_env: Some("LLAMA_API_KEY"),
        example_model: "default",
        doc: "llama.cpp's `llama-server` on this machine",
        ..LOCAL
    },
    Endpoint {
        name: "lmstudio",
        base_url: "http://127.0.0.1:1234/v1",
        // Its JSON mode is refused; schemas work.
        can: Can { json_mode: false, logprobs: false, ..FULL },
        example_model: "qwen3-8b",
        doc: "LM Studio on this machine",
        ..LOCAL
    },
    Endpoint {
        name: "sglang",
        base_url: "http://127.0.0.1:30000/v1",
        key_env: Some("SGLANG_API_KEY"),
        example_model: "Qwen/Qwen3-8B",
        doc: "SGLang on this machine",
        ..LOCAL
    },
    Endpoint {
        name: "tgi",
        base_url: "http://127.0.0.1:3000/v1",
        can: Can { json_schema: true, json_mode: false, ..FULL },
        example_model: "tgi",
        doc: "Hugging Face TGI on this machine, at its launcher's port",
        ..LOCAL
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_row_is_filled_in() {
        for (n, row) in ENDPOINTS.iter().enumerate() {
            assert!(ENDPOINTS[n + 1..].iter().all(|other| other.name != row.name), "{}", row.name);
            assert!(row.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", row.name);
            assert!(!row.doc.is_empty() && !row.example_model.is_empty(), "{}", row.name);
            assert!(!row.base_url.is_empty() || row.base_url_env.is_some(), "{}", row.name);
            assert!(!row.base_url.ends_with('/'), "{}", row.name);
            assert!(row.key_env.is_some() || !row.needs_key, "{}", row.name);
            assert_eq!(endpoint(row.name), Some(row));
        }
    }

    #[test]
    fn only_servers_on_this_machine_are_reached_without_encryption() {
        for row in ENDPOINTS {
            assert_eq!(row.base_url.starts_with("http://"), row.is_local(), "{}", row.name);
            assert_eq!(row.needs_key, !row.is_local(), "{}", row.name);
        }
    }

    #[test]
    fn a_row_with_its_own_dialect_says_what_that_dialect_takes() {
        for row in ENDPOINTS {
            let wire = row.wire();
            match row.dialect {
                Dialect::OpenAiChat => assert!(wire.max_tokens.ends_with("_tokens"), "{}", row.name),
                Dialect::OpenAiResponses => {
                    assert_eq!((wire.max_tokens, wire.seed), ("max_output_tokens", None))
                }
                Dialect::Anthropic => assert!(!wire.logprobs && wire.seed.is_none(), "{}", row.name),
                Dialect::Gemini => assert_eq!(row.auth, Auth::XGoogApiKey),
                Dialect::Ollama => assert!(row.is_local(), "{}", row.name),
            }
        }
    }

    #[test]
    fn what_a_row_cannot_do_is_not_sent() {
        let wire = endpoint("deepseek").unwrap().wire();
        assert_eq!((wire.format, wire.seed), (Level::Json, None));
        assert_eq!(endpoint("mistral").unwrap().wire().seed, Some("random_seed"));
        assert_eq!(endpoint("gigachat").unwrap().wire().format, Level::Text);
    }
}
