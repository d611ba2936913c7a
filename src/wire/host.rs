//! The engine's end of the wire: it holds one run and answers.

use serde::Serialize;

use super::circle::{Compared, Placements};
use super::reply::{Facts, Opened, Panels, Rebuilt, Refused, Saved, State, Told, Why, Wrong, WrongSetting};
use super::request::{Export, PanelsWanted, Request, Source};
use crate::scene::export::{diagram, mermaid, prometheus, shiviz};
use crate::scene::problems::{invalid_text, problem_text};
use crate::scene::registry::{OpenError, Protocol, open_among, open_file_among};
use crate::scene::settings::{self, Setting, SettingsError};
use crate::scene::{Lang, Player, Workbench, svg};
use crate::sim::Address;

/// More steps than any cluster takes to start.
const STEPS_AT_START_MAX: u32 = 1_000;

/// An engine.
pub struct Host {
    protocols: &'static [Protocol],
    clock_ms: fn() -> f64,
    player: Option<Player>,
    /// What could be saved of what was refused last.
    salvaged: Option<Box<dyn Workbench>>,
    placements: Placements,
}

impl Host {
    /// An engine without a run for these protocols. The clock times what a table compares, in ms, and nothing else.
    pub fn new(protocols: &'static [Protocol], clock_ms: fn() -> f64) -> Host {
        Host { protocols, clock_ms, player: None, salvaged: None, placements: Placements::default() }
    }

    /// Answers a request, whatever its bytes are.
    pub fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        match super::decode(request).and_then(|request| self.answer(request)) {
            Ok(reply) => reply,
            Err(wrong) => write(&Err::<(), Wrong>(wrong)),
        }
    }

    fn answer(&mut self, request: Request) -> Result<Vec<u8>, Wrong> {
        match request {
            Request::Open { source, seed, slowdown, lang } => {
                let opened = self.open(source, seed, slowdown, lang);
                Ok(self.reply(&opened))
            }
            Request::Rebuild { changes, lang } => {
                let opened = self.rebuild(&changes, lang)?;
                Ok(self.reply(&opened))
            }
            Request::Salvage { slowdown } => {
                let opened = self.salvaged.take().map(|bench| self.show(bench, slowdown));
                Ok(self.reply(&opened))
            }
            Request::Command { command, glides, lang } => {
                let player = self.player()?;
                player.set_glides(glides);
                let done = player.apply(command, lang).map_err(|refusal| refusal.text(lang));
                Ok(self.reply(&done))
            }
            Request::Tick { elapsed_us } => {
                let change = self.player()?.tick(elapsed_us);
                Ok(self.reply(&change))
            }
            Request::Sentence { with_tape, lang } => {
                let bench = self.player()?.bench_mut();
                let sentence = bench.sentence(bench.cursor(), lang);
                let tape = with_tape.then(|| (bench.tape(lang), bench.deeds(lang)));
                Ok(self.reply(&Told { sentence, tape }))
            }
            Request::Panels(wanted) => {
                let panels = self.panels(&wanted)?;
                Ok(self.reply(&panels))
            }
            Request::Compare { other, lang } => {
                let compared = self.player()?.bench_mut().compare(other, lang);
                let compared: Option<Compared> =
                    compared.map(|compared| self.placements.write_both(compared));
                Ok(self.reply(&compared))
            }
            Request::Why { step, steps_max, with_cone, with_source, lang } => {
                let bench = self.player()?.bench_mut();
                let steps_max = steps_max.map_or(usize::MAX, |steps| steps as usize);
                let why = bench.causes_within(step, lang, steps_max).map(|causes| Why {
                    causes,
                    cone: with_cone.then(|| bench.cone(step)),
                    spots: with_source.then(|| bench.source(step)),
                });
                Ok(self.reply(&why))
            }
            Request::TimeLookups { shown, lang } => {
                let bench = self.bench()?;
                let tables = bench.time_lookups(&self.clock_ms).then(|| bench.tables(shown as usize, lang));
                Ok(self.reply(&tables))
            }
            Request::Digest => {
                let digest = self.player()?.bench_mut().digest();
                Ok(self.reply(&digest))
            }
            request => self.look(request),
        }
    }

    /// Answers what changes nothing.
    fn look(&self, request: Request) -> Result<Vec<u8>, Wrong> {
        let bench = self.bench()?;
        Ok(match request {
            Request::Stage { lang } => self.reply(&bench.stage(lang)),
            Request::Traffic => self.reply(&bench.traffic()),
            Request::Metrics => self.reply(&bench.metrics()),
            Request::Branches => self.reply(&bench.branches()),
            Request::SpaceTime { from_us, to_us, arrows_max } => {
                self.reply(&bench.space_time(from_us, to_us, arrows_max as usize))
            }
            Request::Conditions => self.reply(&bench.conditions()),
            Request::Prompts { of: Address::Client(_), lang } => self.reply(&bench.commands(lang)),
            Request::Prompts { of: Address::Node(node), lang } => self.reply(&bench.operations(node, lang)),
            Request::Settings => self.reply(&settings::settings(&bench.json())),
            Request::Link => self.reply(&bench.link()),
            Request::File => self.reply(&bench.json()),
            Request::Export { export, bytes_max, lang } => {
                self.reply(&save(bench, export, bytes_max as usize, lang))
            }
            // The rest was answered before.
            _ => return Err(Wrong::Malformed),
        })
    }

    pub(super) fn player(&mut self) -> Result<&mut Player, Wrong> {
        self.player.as_mut().ok_or(Wrong::NoRun)
    }

    fn bench(&self) -> Result<&dyn Workbench, Wrong> {
        self.player.as_ref().map(Player::bench).ok_or(Wrong::NoRun)
    }

    pub(super) fn open(
        &mut self,
        source: Source,
        seed: Option<u64>,
        slowdown: Option<u32>,
        lang: Lang,
    ) -> Result<Opened, Refused> {
        self.salvaged = None;
        let opened = match &source {
            Source::Text(text) => {
                open_among(self.protocols, text, seed).map(|bench| begun(bench, text.as_str()))
            }
            Source::File(bytes, length) => open_file_among(self.protocols, bytes, *length, seed),
        };
        match opened {
            Ok(bench) => Ok(self.show(bench, slowdown)),
            Err(OpenError { cause, salvaged }) => {
                self.salvaged = salvaged;
                Err(Refused { text: cause.text(lang), can_be_salvaged: self.salvaged.is_some() })
            }
        }
    }

    pub(super) fn rebuild(
        &mut self,
        changes: &[Setting],
        lang: Lang,
    ) -> Result<Result<Opened, Rebuilt>, Wrong> {
        let file = self.bench()?.json();
        Ok(match settings::open_with(self.protocols, &file, changes) {
            Ok(bench) => Ok(self.show(begun(bench, "custom"), None)),
            Err(SettingsError::Invalid(wrong)) => Err(Rebuilt::Settings(
                wrong
                    .iter()
                    .map(|invalid| WrongSetting {
                        path: invalid.field.clone(),
                        text: problem_text(&invalid.problem, lang),
                        text_with_name: invalid_text(invalid, lang),
                    })
                    .collect(),
            )),
            Err(SettingsError::Other(cause)) => Err(Rebuilt::Other(cause.text(lang))),
        })
    }

    fn show(&mut self, bench: Box<dyn Workbench>, slowdown: Option<u32>) -> Opened {
        let facts = Facts {
            protocol: bench.protocol().to_owned(),
            scenario: bench.scenario().to_owned(),
            seed: bench.seed(),
            nodes: bench.nodes(),
            clients: bench.clients(),
        };
        let slowdown = slowdown.or_else(|| self.player.as_ref().map(Player::slowdown));
        let player = Player::new(bench);
        self.player = Some(match slowdown {
            Some(slowdown) => player.with_slowdown(slowdown),
            None => player,
        });
        self.placements = Placements::default();
        Opened { facts }
    }

    fn panels(&mut self, wanted: &PanelsWanted) -> Result<Panels, Wrong> {
        let PanelsWanted { circle, story, table, pending, inspect, lang } = wanted;
        let player = self.player.as_mut().ok_or(Wrong::NoRun)?;
        let bench = player.bench();
        let circle = circle.then(|| bench.circle()).flatten();
        Ok(Panels {
            circle: circle.map(|circle| self.placements.write(&circle)),
            story: story.iter().map(|(from, to)| bench.sentences(*from, *to, *lang)).collect(),
            tables: table.map(|shown| bench.tables(shown as usize, *lang)),
            pending: pending.map(|count| bench.pending(count as usize, *lang)),
            inspected: inspect
                .iter()
                .find_map(|item| Some((*item, player.bench_mut().inspect(*item, *lang)?))),
        })
    }

    fn state(&self) -> State {
        let Some(player) = &self.player else { return State::default() };
        let bench = player.bench();
        State {
            cursor: bench.cursor(),
            recorded: bench.recorded(),
            now_us: bench.now_us(),
            recorded_us: bench.recorded_us(),
            time_us: player.time_us(),
            is_playing: player.is_playing(),
            is_moving: player.is_moving(),
            is_manual: player.is_manual(),
            slowdown: player.slowdown(),
            selection: player.selection(),
        }
    }

    fn reply<T: Serialize>(&self, value: &T) -> Vec<u8> {
        write(&Ok::<(State, &T), Wrong>((self.state(), value)))
    }
}

fn write<T: Serialize>(reply: &Result<T, Wrong>) -> Vec<u8> {
    // What has no form is told from a reply by its length.
    postcard::to_extend(reply, Vec::new()).unwrap_or_default()
}

/// A scenario begins when its nodes have started, which they do at time 0; a link stays where it points to.
fn begun(mut bench: Box<dyn Workbench>, source: &str) -> Box<dyn Workbench> {
    if bench.scenario() == source && bench.cursor() == 0 && bench.record(0, STEPS_AT_START_MAX).is_ok() {
        bench.seek(bench.cursor_at(0));
    }
    bench
}

/// Writes a file for another tool, unless it would be longer than allowed.
fn save(bench: &dyn Workbench, export: Export, bytes_max: usize, lang: Lang) -> Option<Saved> {
    let (mut text, mut size) = (String::new(), None);
    let mut add = |line: &str| {
        text.push_str(line);
        text.push('\n');
        text.len() < bytes_max
    };
    let is_whole = match export {
        Export::Trace => bench.trace(&mut add),
        Export::Shiviz(from, to) => shiviz::write(bench, from, to, lang, &mut add),
        Export::Scenario => add(&bench.json()),
        Export::Metrics => add(prometheus::write(bench).trim_end()),
        Export::Mermaid(from, to) => add(mermaid::write(bench, from, to, lang).trim_end()),
        Export::Stage => {
            size = Some((f64::from(svg::SIZE.0), f64::from(svg::SIZE.1)));
            let circle = bench.circle();
            add(&svg::draw(&bench.stage(lang), circle.as_ref().map(|circle| (&**circle, lang))))
        }
        Export::Diagram(from_us, to_us) => {
            let picture = diagram::draw(bench, from_us, to_us, lang);
            size = Some((picture.width, picture.height));
            add(&picture.svg)
        }
    };
    is_whole.then_some(Saved { text, size })
}
