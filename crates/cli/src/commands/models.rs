//! `karat models`: what endpoints and models can do, by the table of endpoints or by asking.

use std::path::PathBuf;
use std::time::Duration;

use karat_core::{AnnotatorSpec, Error, Result};
use karat_engine::{PROJECT_FILE, Setup};
use karat_llm::doctor::{EndpointReport, Reach, doctor};
use karat_llm::endpoints::{CUSTOM, endpoint};
use karat_llm::probe::{ABILITIES, Ability, Found, ModelReport, cost, probe, said};
use karat_llm::{ENDPOINTS, Endpoint, MicroUsd, Prices, ProviderOptions, Usage, provider};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, n_of, table_of_words};

/// A server on this machine that does not answer for so long is not there.
const PATIENCE: Duration = Duration::from_secs(3);

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Endpoints (`vllm`) or models (`vllm/Qwen/Qwen3-8B`). Without any: the annotators of the project, or every endpoint.
    #[arg(value_name = "ENDPOINT")]
    names: Vec<String>,
    /// Ask each model for each ability with one tiny request; what it may cost is said before. Without it nothing is sent.
    #[arg(long)]
    probe: bool,
    /// The folder with `karat.toml` and `.env`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Where the endpoint is, if not where its row says.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A request without an answer for so many seconds has failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u32,
}

/// A model, or an endpoint whose model is still to be chosen.
struct Target {
    spec: String,
    options: ProviderOptions,
}

impl Target {
    /// The name in front of the `/`.
    fn first(&self) -> &str {
        self.spec.split_once('/').map_or(self.spec.as_str(), |(first, _)| first)
    }

    /// Whether it is no server at all.
    fn is_stand_in(&self) -> bool {
        matches!(self.first(), "scripted" | "replay")
    }

    /// The row of its endpoint.
    fn row(&self) -> &'static Endpoint {
        endpoint(self.first()).unwrap_or(&CUSTOM)
    }
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let (targets, prices) = targets(args).await?;
    if !args.probe {
        by_table(&targets, voice);
        return Ok(Done::Well);
    }
    if targets.is_empty() {
        return Err(Error::invalid("no server on this machine answers")
            .hint("start one, or name a model: `karat models openai/gpt-4o-mini --probe`"));
    }
    let targets = chosen(targets).await?;
    announce(&targets, &prices, voice);
    let mut reports = Vec::new();
    for target in &targets {
        let report = probe(&target.spec, &target.options).await;
        reports.push(report.map_err(|error| Error::invalid(error.to_string()))?);
    }
    tell(&reports, voice);
    let knows = |it: &ModelReport| it.abilities.iter().any(|(_, found)| matches!(found, Found::Yes { .. }));
    Ok(if reports.iter().all(knows) { Done::Well } else { Done::Look })
}

/// What to look at: what is named, else the annotators of the project, else every endpoint, or those that answer.
async fn targets(args: &Args) -> Result<(Vec<Target>, Prices)> {
    let options = ProviderOptions {
        base_url: args.base_url.clone(),
        folder: Some(args.project.clone()),
        timeout: Duration::from_secs(u64::from(args.timeout)),
        ..ProviderOptions::default()
    };
    let built_in = || Prices::built_in().map_err(Error::bug);
    let named = || args.names.iter().map(|it| Target { spec: it.clone(), options: options.clone() });
    if !args.names.is_empty() {
        let unknown =
            |it: &Target| endpoint(it.first()).is_none() && !it.is_stand_in() && args.base_url.is_none();
        if let Some(error) = named().filter(unknown).find_map(|it| provider(&it.spec, &options).err()) {
            return Err(Error::invalid(error.to_string()));
        }
        return Ok((named().collect(), built_in()?));
    }
    if args.project.join(PROJECT_FILE).exists() {
        let setup = Setup::open(&args.project)?;
        let target =
            |it: &AnnotatorSpec| Target { spec: it.model.clone(), options: of_annotator(&setup, it, args) };
        let targets = setup.annotators.iter().map(target).collect();
        return Ok((targets, (*setup.prices).clone()));
    }
    if args.probe {
        let reports = doctor(&options, false, PATIENCE).await;
        let open = |it: &&EndpointReport| matches!(&it.reach, Reach::Open { models } if !models.is_empty());
        let target = |it: &EndpointReport| Target { spec: it.name.to_owned(), options: options.clone() };
        return Ok((reports.iter().filter(open).map(target).collect(), built_in()?));
    }
    let target = |row: &Endpoint| Target { spec: row.name.to_owned(), options: options.clone() };
    Ok((ENDPOINTS.iter().map(target).collect(), built_in()?))
}

/// Where an annotator of the project is asked.
fn of_annotator(setup: &Setup, spec: &AnnotatorSpec, args: &Args) -> ProviderOptions {
    ProviderOptions {
        base_url: spec.base_url.clone().or(args.base_url.clone()),
        answers: spec.answers.as_ref().map(|file| setup.path(file)),
        folder: Some(setup.folder.clone()),
        timeout: Duration::from_secs(u64::from(args.timeout)),
        headers: spec.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        ca_file: spec.ca_file.as_ref().map(|file| setup.path(file)),
        proxy: spec.proxy.clone(),
        ..ProviderOptions::default()
    }
}

/// The targets with a model each: of an endpoint on this machine the first that it lists, of a hosted one the example.
async fn chosen(targets: Vec<Target>) -> Result<Vec<Target>> {
    let mut chosen = Vec::new();
    for target in targets {
        let Some(row) = endpoint(&target.spec) else {
            chosen.push(target);
            continue;
        };
        let example = format!("{}/{}", row.name, row.example_model);
        let mut spec = example.clone();
        if row.is_local() {
            let made = provider(&example, &target.options).map_err(|it| Error::invalid(it.to_string()))?;
            if let Some(http) = made.http() {
                let models =
                    http.models().await.map_err(|it| Error::external(format!("`{}`: {it}", row.name)))?;
                spec = models.first().map_or(example, |model| format!("{}/{model}", row.name));
            }
        }
        chosen.push(Target { spec, ..target });
    }
    Ok(chosen)
}

/// What asking may cost, before anything is sent.
fn announce(targets: &[Target], prices: &Prices, voice: &mut Voice) {
    let price = |it: &Target| {
        let model = it.spec.split_once('/').map_or("", |(_, model)| model);
        prices.find(if it.is_stand_in() { it.first() } else { it.row().name }, model)
    };
    let costs: Vec<_> = targets.iter().map(|it| cost(price(it).as_ref())).collect();
    let n_calls: u64 = costs.iter().map(|it| u64::from(it.n_calls)).sum();
    let (input, output) = (costs.iter().map(|it| it.input).sum(), costs.iter().map(|it| it.output).sum());
    let most: Option<u64> = costs.iter().map(|it| it.most.map(|usd| usd.0)).sum();
    let money = most.map_or_else(
        || "the price is not known".to_owned(),
        |usd| {
            if usd == 0 {
                "nothing is charged".to_owned()
            } else {
                format!("at most ${:.4}", MicroUsd(usd).as_usd())
            }
        },
    );
    voice.say(format!(
        "asking {}: at most {}, {} tokens in and {} out; {money}",
        n_of(targets.len() as u64, "model"),
        n_of(n_calls, "request"),
        count(input),
        count(output)
    ));
    voice
        .event("cost", json!({"n_calls": n_calls, "input": input, "output": output, "most_micro_usd": most}));
}

/// Nothing was sent: what the table of endpoints says.
fn by_table(targets: &[Target], voice: &mut Voice) {
    let stand_in = || Found::Untried { why: "a stand-in that is no server".to_owned() };
    let found =
        |it: &Target, ability: &Ability| if it.is_stand_in() { stand_in() } else { said(it.row(), ability) };
    let of = |it: &Target| ABILITIES.iter().map(|ability| (ability.name, found(it, ability))).collect();
    let reports: Vec<ModelReport> = targets
        .iter()
        .map(|it| ModelReport {
            model: it.spec.clone(),
            base_url: it.options.base_url.clone(),
            abilities: of(it),
            usage: Usage::default(),
            n_calls: 0,
        })
        .collect();
    show(&reports, voice);
    if !voice.json {
        voice.hint(
            "this is what the table of endpoints says; `karat models MODEL --probe` asks the model itself",
        );
    }
}

fn tell(reports: &[ModelReport], voice: &mut Voice) {
    show(reports, voice);
    if voice.json {
        return;
    }
    for report in reports {
        for (ability, found) in &report.abilities {
            let why = match found {
                Found::No { why } => format!("no, {why}"),
                Found::Untried { why } => format!("not known, {why}"),
                Found::Yes { .. } | Found::Said { .. } => continue,
            };
            voice.out(format!("  {}, {ability}: {why}", report.model));
        }
    }
    let n_calls: u32 = reports.iter().map(|it| it.n_calls).sum();
    let input: u64 = reports.iter().map(|it| it.usage.input).sum();
    let output: u64 = reports.iter().map(|it| it.usage.output).sum();
    let asked = n_of(u64::from(n_calls), "request");
    voice.say(format!("asked: {asked}, {} tokens in and {} out counted", count(input), count(output)));
}

fn show(reports: &[ModelReport], voice: &mut Voice) {
    if voice.json {
        let of = |it: &ModelReport| {
            let abilities: serde_json::Map<_, _> =
                it.abilities.iter().map(|(name, found)| ((*name).to_owned(), json!(found))).collect();
            json!({"model": it.model, "base_url": it.base_url, "abilities": abilities, "n_calls": it.n_calls, "usage": it.usage})
        };
        voice.event("models", json!({"models": reports.iter().map(of).collect::<Vec<_>>()}));
        return;
    }
    let header: Vec<&str> = std::iter::once("model").chain(ABILITIES.iter().map(|it| it.name)).collect();
    let row = |it: &ModelReport| {
        std::iter::once(it.model.clone()).chain(it.abilities.iter().map(|(_, found)| cell(found))).collect()
    };
    let words: Vec<usize> = (0..header.len()).collect();
    voice.out(table_of_words(&header, reports.iter().map(row).collect(), &words));
}

fn cell(found: &Found) -> String {
    match found {
        Found::Yes { detail: None } => "yes".to_owned(),
        Found::Yes { detail: Some(detail) } => format!("yes, {detail}"),
        Found::No { .. } => "no".to_owned(),
        Found::Said { yes: true } => "says yes".to_owned(),
        Found::Said { yes: false } => "says no".to_owned(),
        Found::Untried { .. } => "untried".to_owned(),
    }
}
