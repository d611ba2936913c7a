//! `lamplight check`: random faults of every kind from a range of seeds, then repairs and progress.

use std::io::Write;
use std::ops::Range;
use std::str::FromStr;

use clap::Args;

use super::{CliError, Ending, open_scenario};
use crate::check::range::{Report, check};
use crate::check::run::{Failure, Finding, Plan, Subject};
use crate::check::{Checkable, FaultModel};
use crate::lang::Lang;
use crate::protocol::atomic_commit::{ThreePhaseCommit, TwoPhaseCommit};
use crate::protocol::consistent_hashing::store::Dynamo;
use crate::protocol::paxos::multi::MultiPaxos;
use crate::protocol::paxos::synod::Synod;
use crate::protocol::raft::Raft;
use crate::scenario::{About, Presets, Scenario, json, link};
use crate::scene::model::MarkKind;
use crate::scene::{Portray, Workbench};
use crate::sim::ClusterSetup;
use crate::sim::random::Stream;

/// After how many failures a check stops: by then there is enough to look at.
const FAILURES_MAX: u64 = 100;
/// How far a scenario is run by itself, to see whether it shows a violation without random faults.
const STEPS_BY_ITSELF: u32 = 4_000;
/// The nodes of a cluster where nothing is said.
const NODES_DEFAULT: u16 = 5;

/// Puts a protocol or a scenario through random faults.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// A protocol, a built-in scenario, a JSON file (- is standard input), or a link
    #[arg(value_name = "PROTOCOL|SCENARIO")]
    pub subject: String,
    /// The seeds, the last one excluded
    #[arg(long, value_name = "A..B")]
    pub seeds: Seeds,
    /// How many nodes; 5, or those of the scenario, if nothing is given
    #[arg(long, value_name = "N")]
    pub nodes: Option<u16>,
    /// How many steps under faults; what is enough for the protocol, if nothing is given
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// Break this rule of the protocol, to see whether the check finds it
    #[arg(long = "break", value_name = "RULE")]
    pub broken: Option<String>,
    /// Break each rule of the protocol in turn, and say how many seeds find it, the first of them, and the time
    #[arg(long, conflicts_with = "broken")]
    pub each_rule: bool,
}

/// A range of seeds as it is written on the command line: `0..2000`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seeds(pub Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seeds, String> {
        let form = || format!("{text:?} is no range of seeds; write A..B, such as 0..2000, with B excluded");
        let (start, end) = text.split_once("..").ok_or_else(form)?;
        let (start, end) = (start.parse().map_err(|_| form())?, end.parse().map_err(|_| form())?);
        if start >= end { Err(form()) } else { Ok(Seeds(start..end)) }
    }
}

/// A protocol that can be checked, with its type forgotten.
struct Line {
    name: &'static str,
    check: fn(&CheckArgs, Option<&str>, &mut dyn Write) -> Result<Ending, CliError>,
}

const fn line<P: Portray + Checkable>(name: &'static str) -> Line
where
    Subject<P>: Sync,
    Report<P>: Send,
{
    Line { name, check: check_one::<P> }
}

/// All protocols that can be checked.
static PROTOCOLS: &[Line] = &[
    line::<Raft>("raft"),
    line::<Synod>("paxos"),
    line::<MultiPaxos>("multi-paxos"),
    line::<TwoPhaseCommit>("two-phase-commit"),
    line::<ThreePhaseCommit>("three-phase-commit"),
    line::<Dynamo>("consistent-hashing"),
];

/// Checks what the arguments name.
///
/// # Errors
/// It cannot be checked as it was asked for.
pub fn run(args: &CheckArgs, output: &mut dyn Write) -> Result<Ending, CliError> {
    if let Some(line) = PROTOCOLS.iter().find(|line| line.name == args.subject) {
        return (line.check)(args, None, output);
    }
    let mut scenario = open_scenario(&args.subject, None).map_err(|error| match error {
        CliError::Unknown(text) => {
            let names: Vec<_> = PROTOCOLS.iter().map(|line| line.name).collect();
            CliError::Unknown(format!("{text}; the protocols are {}", names.join(", ")))
        }
        other => other,
    })?;
    let line = PROTOCOLS.iter().find(|line| line.name == scenario.protocol());
    let line = line.ok_or_else(|| CliError::Input(format!("{} cannot be checked", scenario.protocol())))?;
    let ending = (line.check)(args, Some(&scenario.json()), output)?;
    if ending == Ending::Violation
        && let Some(told) = shown_by_itself(scenario.as_mut())
    {
        writeln!(output, "the scenario shows this by itself, without random faults: {told}")?;
    }
    Ok(ending)
}

/// The first violation that a scenario shows when nothing happens to it but what it does itself.
fn shown_by_itself(scenario: &mut dyn Workbench) -> Option<String> {
    scenario.seek(scenario.cursor().max(STEPS_BY_ITSELF));
    let marks = scenario.tape(Lang::En).marks;
    let step = marks.iter().find(|mark| mark.kind == MarkKind::Violation)?.step;
    let sentence = scenario.sentence(step, Lang::En)?;
    Some(format!("step {}, {}", sentence.step, sentence.text))
}

fn check_one<P: Portray + Checkable>(
    args: &CheckArgs,
    scenario: Option<&str>,
    output: &mut dyn Write,
) -> Result<Ending, CliError>
where
    Subject<P>: Sync,
    Report<P>: Send,
{
    if args.each_rule {
        return check_each_rule::<P>(args, scenario.is_some(), output);
    }
    let broken = args.broken.as_deref().map(rule_named::<P>).transpose()?;
    let subject = match scenario {
        None => Subject::<P>::Protocol { nodes: args.nodes.unwrap_or(NODES_DEFAULT), adjust: |_| {}, broken },
        Some(text) => {
            let scenario = json::read::<P>(text).map_err(|error| CliError::Input(error.to_string()))?;
            let mut setup = (*scenario.setup).clone();
            setup.nodes = args.nodes.unwrap_or(setup.nodes);
            // Progress can only be seen where somebody asks for something.
            setup.clients = setup.clients.max(1);
            setup.workload.get_or_insert_default();
            if let Some(rule) = broken {
                P::break_rule(&mut setup.options, rule);
            }
            Subject::Setup(Box::new(setup))
        }
    };
    let example = subject_setup(&subject);
    example.validate().map_err(|invalid| {
        let list: Vec<_> = invalid.iter().map(ToString::to_string).collect();
        CliError::Input(list.join("; "))
    })?;
    let model = P::fault_model(&example);
    let plan = Plan { steps: args.steps.unwrap_or(P::STEPS), ..Plan::of::<P>() };
    let report = check(&subject, args.seeds.0.clone(), plan, FAILURES_MAX);
    print(&report, &model, args, example.nodes, output)?;
    Ok(if report.failures.is_empty() { Ending::Well } else { Ending::Violation })
}

fn rule_named<P: Checkable>(name: &str) -> Result<u8, CliError> {
    let rule = P::RULES.iter().find(|rule| rule.name == name);
    rule.map(|rule| rule.index).ok_or_else(|| {
        let names: Vec<_> = P::RULES.iter().map(|rule| rule.name).collect();
        CliError::Input(format!("{} has no rule {name:?}; its rules are {}", P::NAME, names.join(", ")))
    })
}

/// Breaks each rule in turn. What is not found is the failure here.
#[expect(clippy::disallowed_types, reason = "how long a check takes is the machine's time")]
fn check_each_rule<P: Checkable>(
    args: &CheckArgs,
    of_scenario: bool,
    output: &mut dyn Write,
) -> Result<Ending, CliError>
where
    Subject<P>: Sync,
    Report<P>: Send,
{
    if of_scenario {
        return Err(CliError::Input("--each-rule takes a protocol, not a scenario".to_owned()));
    }
    let (nodes, Seeds(seeds)) = (args.nodes.unwrap_or(NODES_DEFAULT), &args.seeds);
    let plan = Plan { steps: args.steps.unwrap_or(P::STEPS), ..Plan::of::<P>() };
    let mut all_found = true;
    writeln!(output, "{} with {nodes} nodes, seeds {}..{}", P::NAME, seeds.start, seeds.end)?;
    writeln!(output, "found by seeds | first seed |     ms | rule")?;
    for rule in P::RULES {
        let subject = Subject::<P>::Protocol { nodes, adjust: |_| {}, broken: Some(rule.index) };
        let started = std::time::Instant::now();
        let report = check(&subject, seeds.clone(), plan, u64::MAX);
        let ms = started.elapsed().as_millis();
        let first = report.failures.first().map_or("-".to_owned(), |(seed, _)| seed.to_string());
        let found = report.failures.len();
        all_found &= found > 0;
        writeln!(output, "{found:14} | {first:>10} | {ms:6} | {}", rule.name)?;
    }
    Ok(if all_found { Ending::Well } else { Ending::Violation })
}

fn subject_setup<P: Checkable>(subject: &Subject<P>) -> ClusterSetup<P> {
    match subject {
        Subject::Protocol { nodes, .. } => P::draw_setup(*nodes, &mut Stream::new(0, 0)),
        Subject::Setup(setup) => (**setup).clone(),
    }
}

fn print<P: Portray + Checkable>(
    report: &Report<P>,
    model: &FaultModel,
    args: &CheckArgs,
    nodes: u16,
    output: &mut dyn Write,
) -> Result<(), CliError> {
    let Seeds(seeds) = &args.seeds;
    writeln!(output, "subject: {}", args.subject)?;
    writeln!(output, "nodes: {nodes}")?;
    writeln!(output, "seeds: {}..{}", seeds.start, seeds.end)?;
    writeln!(output, "runs: {}", report.runs)?;
    writeln!(output, "steps: {}", report.steps)?;
    writeln!(output, "faults: {}", report.faults.total())?;
    for (kind, count) in report.faults.iter() {
        writeln!(output, "  {kind}: {count}")?;
    }
    let kinds = model.kinds().into_iter().chain(P::OPERATION_KINDS.iter().copied());
    for kind in kinds.filter(|kind| report.faults.of(kind) == 0) {
        writeln!(output, "  {kind}: 0")?;
    }
    writeln!(output, "commands acknowledged: {}", report.acknowledged)?;
    writeln!(output, "rules that decided something:")?;
    for rule in P::RULES {
        writeln!(output, "  {}: {}", rule.name, report.rules.of(rule.index))?;
    }
    writeln!(output, "histories undecided: {}", report.undecided())?;
    writeln!(output, "violations: {}", report.failures.len())?;
    for (seed, failure) in &report.failures {
        writeln!(output, "  seed {seed}, step {}: {}", failure.steps, text(&failure.finding))?;
        writeln!(output, "    #{}", link_of(*seed, failure))?;
    }
    if report.runs < seeds.end - seeds.start {
        writeln!(output, "stopped after {} violations", report.failures.len())?;
    }
    Ok(())
}

fn text<P: Portray + Checkable>(finding: &Finding<P>) -> String {
    match finding {
        Finding::Invariant(violation) => {
            let (name, facts) = P::violation_text(violation, Lang::En);
            format!("{name}: {facts}")
        }
        Finding::Clients(why) => why.replace('\n', "\n    "),
        Finding::NoProgress { client, answered } => {
            format!("no progress: {client} got {answered} answers after all repairs")
        }
        Finding::Disk(what) => format!("the disks tell otherwise: {what}"),
        Finding::Undecided(part) => {
            format!("it would take too much work to judge what clients were told about {part}")
        }
        Finding::Unsettled(what) => format!("the cluster does not come to rest: {what}"),
        Finding::Stopped(problem) => format!("the run could not go on: {problem}"),
    }
}

/// The run up to what was found.
fn link_of<P: Presets + Checkable>(seed: u64, failure: &Failure<P>) -> String {
    link::write(&Scenario {
        preset: None,
        setup: failure.setup.clone(),
        seed,
        interventions: failure.interventions.clone(),
        cursor: failure.steps,
        about: About::default(),
    })
}
