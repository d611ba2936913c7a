//! An engine for a script: the same run without the wire's bytes, as text and plain data (JSON).
//!
//! What a script asks for goes through the same player, so it sees the same run as a page does.

use std::collections::BTreeMap;

use serde::Serialize;

use super::host::Host;
use super::reply::{Rebuilt, WrongSetting};
use crate::scene::export::diagram;
use crate::scene::facts::{Fact, FactValue};
use crate::scene::model::{Sentence, Stage};
use crate::scene::settings::{Setting, SettingValue};
use crate::scene::{Action, Command, Lang, Selection, svg};
use crate::sim::Address;

/// Why a script was refused, as a sentence.
pub type Why = String;

/// Where a run stands, for a script. What it is called stays the same for as long as it is open.
#[derive(Serialize)]
struct Place<'a> {
    protocol: &'static str,
    scenario: &'a str,
    /// A text, because a number of JavaScript holds fewer digits.
    seed: String,
    nodes: u16,
    clients: u16,
    /// How many steps have happened, and how many are recorded.
    step: u32,
    recorded: u32,
    now_us: u64,
    recorded_us: u64,
}

/// What a figure shows: all of it in one answer, because it is asked for in every step.
#[derive(Serialize)]
struct Figure<'a> {
    place: Place<'a>,
    stage: Stage,
    sentence: Option<Sentence>,
}

fn json<T: Serialize>(value: &T) -> Result<String, Why> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

impl Host {
    /// Opens a scenario by name, a link, or the text of a scenario file, in place of what is open.
    ///
    /// # Errors
    /// What is wrong with it; what is open stays open.
    pub fn open_text(&mut self, source: &str, seed: Option<u64>, lang: Lang) -> Result<(), Why> {
        let opened = self.open(super::Source::Text(source.to_owned()), seed, None, lang);
        opened.map(drop).map_err(|refused| refused.text)
    }

    fn command(&mut self, command: Command, lang: Lang) -> Result<u32, Why> {
        let player = self.player().map_err(|wrong| wrong.to_string())?;
        player.set_glides(false);
        player.apply(command, lang).map_err(|refusal| refusal.text(lang))?;
        Ok(player.bench().cursor())
    }

    /// Goes to a step, recording the run as far as it is needed. Returns where the cursor stands: earlier where the run
    /// comes to rest.
    ///
    /// # Errors
    /// If no run is open.
    pub fn seek(&mut self, step: u32) -> Result<u32, Why> {
        self.command(Command::SeekTo(step), Lang::En)
    }

    /// Some steps forward, or backward where negative. Returns where the cursor stands.
    ///
    /// # Errors
    /// If no run is open.
    pub fn step(&mut self, steps: i32) -> Result<u32, Why> {
        self.command(Command::Step(steps), Lang::En)
    }

    /// To the next or the previous step that is worth stopping at. Returns where the cursor stands, or nothing where
    /// there is no such step.
    ///
    /// # Errors
    /// If no run is open.
    pub fn milestone(&mut self, forward: bool) -> Result<Option<u32>, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench_mut();
        bench.milestone(forward).map(|step| self.seek(step)).transpose()
    }

    /// Opens the same run from its start with other settings, by their places in a scenario file as JSON:
    /// `{"nodes": 7}`.
    ///
    /// # Errors
    /// What is wrong with them; what is open stays open.
    pub fn rebuild_text(&mut self, settings: &str, lang: Lang) -> Result<(), Why> {
        let settings: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(settings).map_err(|error| error.to_string())?;
        let mut changes = Vec::with_capacity(settings.len());
        for (path, value) in settings {
            let value = match value {
                serde_json::Value::Bool(on) => SettingValue::Switch(on),
                serde_json::Value::String(word) => SettingValue::Word(word),
                value => match value.as_u64() {
                    Some(figure) => SettingValue::Figure(figure),
                    None => return Err(format!("{path}: {value}")),
                },
            };
            changes.push(Setting { path, value });
        }
        match self.rebuild(&changes, lang).map_err(|wrong| wrong.to_string())? {
            Ok(_) => Ok(()),
            Err(Rebuilt::Other(why)) => Err(why),
            Err(Rebuilt::Settings(wrong)) => {
                let texts: Vec<String> =
                    wrong.into_iter().map(|WrongSetting { text_with_name, .. }| text_with_name).collect();
                Err(texts.join(" "))
            }
        }
    }

    /// Where the run stands, the cluster, and what happened in the step at the cursor, as JSON.
    ///
    /// # Errors
    /// If no run is open.
    pub fn figure_json(&mut self, lang: Lang) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench_mut();
        let cursor = bench.cursor();
        let sentence = bench.sentence(cursor, lang);
        json(&Figure {
            place: Place {
                protocol: bench.protocol(),
                scenario: bench.scenario(),
                seed: bench.seed().to_string(),
                nodes: bench.nodes(),
                clients: bench.clients(),
                step: cursor,
                recorded: bench.recorded(),
                now_us: bench.now_us(),
                recorded_us: bench.recorded_us(),
            },
            stage: bench.stage(lang),
            sentence,
        })
    }

    /// Terms, leaders and marks of what is recorded, as JSON.
    ///
    /// # Errors
    /// If no run is open.
    pub fn tape_json(&mut self, lang: Lang) -> Result<String, Why> {
        json(&self.player().map_err(|wrong| wrong.to_string())?.bench().tape(lang))
    }

    /// The tables at the cursor, as JSON.
    ///
    /// # Errors
    /// If no run is open.
    pub fn tables_json(&mut self, lang: Lang) -> Result<String, Why> {
        json(&self.player().map_err(|wrong| wrong.to_string())?.bench().tables(0, lang))
    }

    /// The circle of keys as elements of SVG in a space of [`svg::SIDE`] units; empty where there is none.
    ///
    /// # Errors
    /// If no run is open.
    pub fn circle_svg(&mut self, lang: Lang) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench();
        Ok(bench.circle().map(|circle| svg::draw_circle(&circle, lang)).unwrap_or_default())
    }

    /// The stage at the cursor as an SVG that stands alone.
    ///
    /// # Errors
    /// If no run is open.
    pub fn stage_svg(&mut self, lang: Lang) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench();
        let circle = bench.circle();
        Ok(svg::draw(&bench.stage(lang), circle.as_ref().map(|circle| (&**circle, lang))))
    }

    /// The exact run as a scenario file.
    ///
    /// # Errors
    /// If no run is open.
    pub fn file_text(&mut self) -> Result<String, Why> {
        Ok(self.player().map_err(|wrong| wrong.to_string())?.bench().json())
    }

    /// The space-time diagram between two moments, in µs, as an SVG that stands alone.
    ///
    /// # Errors
    /// If no run is open.
    pub fn diagram_svg(&mut self, from_us: u64, to_us: u64, lang: Lang) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench();
        Ok(diagram::draw(bench, from_us, to_us, lang).svg)
    }

    /// Goes on to the first step after the cursor at which a condition holds, among the `steps_max` that follow, and says
    /// which one it is. Where it never holds the cursor stays.
    ///
    /// # Errors
    /// What is wrong with the condition, or that no run is open.
    pub fn until(&mut self, condition: &str, steps_max: u32, lang: Lang) -> Result<Option<u32>, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench_mut();
        let condition = bench.condition(condition).map_err(|error| error.text(lang))?;
        let Some(steps_more) = steps_max.checked_sub(1) else { return Ok(None) };
        let next = bench.cursor().saturating_add(1);
        match bench.until(&condition, next, steps_more) {
            Some(step) => self.seek(step).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a condition holds at the cursor.
    ///
    /// # Errors
    /// What is wrong with the condition, or that no run is open.
    pub fn holds(&mut self, condition: &str, lang: Lang) -> Result<bool, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench_mut();
        let condition = bench.condition(condition).map_err(|error| error.text(lang))?;
        let cursor = bench.cursor();
        Ok(bench.holds_at(&condition, cursor))
    }

    /// The facts at the cursor as JSON: an object for each party, by its name, and
    /// one for the `cluster`, with the values of its facts by theirs.
    ///
    /// # Errors
    /// If no run is open.
    pub fn facts_json(&mut self) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench();
        let by_name = |facts: Vec<Fact>| facts.into_iter().map(|fact| (fact.key, fact.value)).collect();
        let cluster = [("cluster".to_owned(), by_name(bench.cluster_facts()))];
        let parties: BTreeMap<String, BTreeMap<&str, FactValue>> = bench
            .facts()
            .into_iter()
            .map(|(party, facts)| (party.to_string(), by_name(facts)))
            .chain(cluster)
            .collect();
        json(&parties)
    }

    /// Acts at the cursor, by an intervention as it stands in scenario files, with its commands as text. In the past this
    /// opens a branch.
    ///
    /// # Errors
    /// Why that is no action, or cannot be done; nothing has changed then.
    pub fn act(&mut self, action: &str, lang: Lang) -> Result<u32, Why> {
        let action: Action = serde_json::from_str(action).map_err(|error| error.to_string())?;
        self.command(Command::Act(action), lang)
    }

    /// The cluster at the cursor as JSON: parties, messages, connections, and the line that says how things stand.
    ///
    /// # Errors
    /// If no run is open.
    pub fn stage_json(&mut self, lang: Lang) -> Result<String, Why> {
        let player = self.player().map_err(|wrong| wrong.to_string())?;
        json(&player.bench().stage(lang))
    }

    /// The fields of a party as JSON; `null` where there is none.
    ///
    /// # Errors
    /// If no run is open.
    pub fn party_json(&mut self, party: Address, lang: Lang) -> Result<String, Why> {
        let player = self.player().map_err(|wrong| wrong.to_string())?;
        json(&player.bench_mut().inspect(Selection::Party(party), lang))
    }

    /// What happened in the step at the cursor as JSON; `null` at the start.
    ///
    /// # Errors
    /// If no run is open.
    pub fn sentence_json(&mut self, lang: Lang) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench_mut();
        let cursor = bench.cursor();
        json(&bench.sentence(cursor, lang))
    }

    /// The exact run as the fragment of a link.
    ///
    /// # Errors
    /// If no run is open.
    pub fn link_text(&mut self) -> Result<String, Why> {
        Ok(self.player().map_err(|wrong| wrong.to_string())?.bench().link())
    }

    /// The digest of the run up to the cursor, in hexadecimal digits as the command line prints it.
    ///
    /// # Errors
    /// If no run is open.
    pub fn digest_text(&mut self) -> Result<String, Why> {
        let digest = self.player().map_err(|wrong| wrong.to_string())?.bench_mut().digest();
        Ok(crate::scene::trace::hex(digest))
    }
}
