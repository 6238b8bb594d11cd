//! What recorded answers would cost at list prices: a recording seldom says what was paid.
//!
//! In: an annotator that replays, its price, some items. Out: tokens and money, counted with a tokenizer over a sample of
//! the prompts of this project and of the recorded answers. An estimate, and every output says so.

use karat_core::{Item, MicroUsd, Result};
use karat_llm::tokens;
use karat_store::Store;

use super::report::Cost;
use crate::asker::Asker;
use crate::history::answers_to;

/// How many items are counted.
pub(super) const N_SAMPLE: usize = 60;

/// Estimates the cost of `n_calls` calls from a sample of the items.
pub(super) async fn estimate(
    store: &Store,
    asker: &Asker,
    sample: &[Item],
    n_calls: u64,
) -> Result<Option<Cost>> {
    let Some(price) = &asker.price else {
        return Ok(None);
    };
    let (mut n, mut tokens_in, mut tokens_out) = (0_u32, 0, 0);
    for item in sample {
        let input = asker.task().input_hash(item);
        let question = asker.question(item.clone(), input)?;
        for answer in answers_to(store, asker, item).await? {
            n += 1;
            tokens_in += question.messages().map(|it| tokens::count(&it.content)).sum::<u64>();
            tokens_out += tokens::count(&answer.text);
        }
    }
    if n == 0 {
        return Ok(None);
    }
    let all = |tokens: u64| (tokens as f64 / f64::from(n) * n_calls as f64) as u64;
    let (tokens_in, tokens_out) = (all(tokens_in), all(tokens_out));
    let micro_usd = Some(MicroUsd(price.of_tokens(tokens_in, tokens_out).0));
    Ok(Some(Cost { micro_usd, estimated: true, n_calls, tokens_in, tokens_out, ..Cost::default() }))
}
