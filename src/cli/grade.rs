//! `lamplight grade`: whether a run solves a challenge of a lesson.
//!
//! A reader hands their solution in as a link. A link holds the scenario, the seed and everything that was done, so the
//! run is played again here, and the challenge's own condition decides. What a link cannot do is to change the scenario:
//! a run with another seed or another rule solves another task.

use std::io::Write;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::{CliError, Ending, open_scenario};
use crate::scene::Workbench;

/// The challenges of all lessons, as the lessons' build writes them (`scripts/lessons.mjs`).
const CHALLENGES: &str = include_str!("../../static/challenges.json");

/// How far a run is looked at behind what it shows, in steps: what was done may take effect later.
const STEPS_AFTER: u32 = 20_000;

/// What of a scenario file belongs to the run and not to the task.
const OF_THE_RUN: [&str; 5] = ["$schema", "cursor", "description", "interventions", "preset"];

/// Says whether runs solve a challenge of a lesson; without a challenge, lists the challenges.
#[derive(Args, Clone, Debug)]
pub struct GradeArgs {
    /// The challenge: its lesson, such as raft/1-an-election, with #2 behind it for the lesson's second one
    pub challenge: Option<String>,
    /// The runs that were handed in: links, or files (- is standard input)
    pub runs: Vec<String>,
}

/// A task of a lesson.
#[derive(Deserialize)]
struct Challenge {
    /// The lesson, as in its address.
    id: String,
    /// Which one of the lesson, from 1.
    number: u32,
    /// The built-in scenario.
    scenario: String,
    /// The seed, if it is not the scenario's own.
    seed: Option<u64>,
    /// The condition that solves it.
    goal: String,
}

impl Challenge {
    fn name(&self) -> String {
        if self.number == 1 { self.id.clone() } else { format!("{}#{}", self.id, self.number) }
    }
}

/// How a run did.
enum Grade {
    Solved {
        step: u32,
        time_us: u64,
        acts: usize,
    },
    /// The goal holds nowhere.
    NotSolved {
        steps: u32,
    },
    /// Nobody did anything in it.
    NothingDone,
    /// It is a run of another task.
    Another {
        what: &'static str,
    },
}

/// Grades the runs, a line each, or lists the challenges.
///
/// # Errors
/// There is no such challenge, or a run cannot be read.
pub fn run(args: &GradeArgs, output: &mut dyn Write) -> Result<Ending, CliError> {
    let all: Vec<Challenge> =
        serde_json::from_str(CHALLENGES).map_err(|error| CliError::Input(error.to_string()))?;
    let Some(name) = &args.challenge else {
        for challenge in &all {
            writeln!(output, "{}\t{}\t{}", challenge.name(), challenge.scenario, challenge.goal)?;
        }
        return Ok(Ending::Well);
    };
    let wanted = name.strip_suffix("#1").unwrap_or(name);
    let Some(challenge) = all.iter().find(|challenge| challenge.name() == wanted) else {
        let name: String = name.chars().take(80).collect();
        return Err(CliError::Unknown(format!(
            "there is no challenge {name:?}; lamplight grade lists them all"
        )));
    };
    if args.runs.is_empty() {
        return Err(CliError::Input("there is no run to grade: a link or a file is wanted".to_owned()));
    }
    let mut ending = Ending::Well;
    for run in &args.runs {
        let grade = grade(challenge, open_scenario(run, None)?.as_mut())?;
        match grade {
            Grade::Solved { step, time_us, acts } => {
                let (whole, part) = (time_us / 1_000_000, time_us % 1_000_000 / 1_000);
                let s = if acts == 1 { "" } else { "s" };
                writeln!(output, "solved\tat step {step}, {whole}.{part:03} s, with {acts} intervention{s}")?;
            }
            Grade::NotSolved { steps } => {
                writeln!(output, "not solved\tin {steps} steps it is never so that {}", challenge.goal)?;
            }
            Grade::NothingDone => writeln!(output, "not solved\tnothing was done in this run")?,
            Grade::Another { what } => {
                writeln!(output, "not solved\tthis is not a run of {}: {what}", challenge.scenario)?;
            }
        }
        if !matches!(grade, Grade::Solved { .. }) {
            ending = Ending::Never;
        }
    }
    Ok(ending)
}

/// Looks for the goal in one run.
fn grade(challenge: &Challenge, run: &mut dyn Workbench) -> Result<Grade, CliError> {
    let of_the_task = open_scenario(&challenge.scenario, challenge.seed)?;
    let (task, _) = task_of(&of_the_task.json())?;
    let (given, acts) = task_of(&run.json())?;
    if task != given {
        let differs = |field: &str| task.get(field) != given.get(field);
        let what = if differs("protocol") {
            "it is of another protocol"
        } else if differs("seed") && !differs("setup") {
            "its seed is another one"
        } else {
            "its settings are other ones"
        };
        return Ok(Grade::Another { what });
    }
    if acts == 0 {
        return Ok(Grade::NothingDone);
    }
    let goal = run.condition(&challenge.goal).map_err(|error| CliError::Input(error.to_string()))?;
    let steps = run.cursor().saturating_add(STEPS_AFTER);
    let Some(step) = run.until(&goal, 0, steps) else { return Ok(Grade::NotSolved { steps }) };
    run.seek(step);
    Ok(Grade::Solved { step, time_us: run.now_us(), acts })
}

/// What a scenario file sets, without what was done in its run; and how much was done.
fn task_of(json: &str) -> Result<(Value, usize), CliError> {
    let mut file: Value = serde_json::from_str(json).map_err(|error| CliError::Input(error.to_string()))?;
    let acts = file.get("interventions").and_then(Value::as_array).map_or(0, Vec::len);
    if let Some(fields) = file.as_object_mut() {
        fields.retain(|name, _| !OF_THE_RUN.contains(&name.as_str()));
    }
    Ok((file, acts))
}
