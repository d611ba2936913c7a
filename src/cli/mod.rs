//! The command line: the same library without a browser.
//!
//! Its forms are used by scripts, so they stay as they are. It exits with 0 where all is well, with 1 where `check` found
//! a violation, what `run --until` waits for never comes, or a run that is graded does not solve its challenge; and with 2
//! where the input could not be used, with one line that says why.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::lang::Lang;
use crate::scenario::link::{self, LinkError};
use crate::scene::{
    FILE_BYTES_READ, OpenCause, OpenError, Workbench, catalogue, open, open_file, open_with_seed, svg,
};

pub mod check;
pub mod export;
pub mod facts;
pub mod grade;
pub mod hash;
pub mod manifest;
pub mod run;
pub mod sentences;

/// Real distributed protocols on a deterministic virtual cluster.
#[derive(Parser, Debug)]
#[command(name = "lamplight", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List the built-in scenarios: name, tab, what to look for
    List,
    /// Run a scenario, print its digest, and write every step of it
    Run(run::RunArgs),
    /// Put a protocol or a scenario through random faults, and see whether it keeps its promises
    Check(check::CheckArgs),
    /// Write a run in the form of another tool: Mermaid, ShiViz, Prometheus and others
    Export(export::ExportArgs),
    /// Draw the stage after a step as SVG
    Render {
        /// A built-in scenario, a JSON file (- is standard input), or a link
        scenario: String,
        /// After how many steps
        #[arg(long, value_name = "N")]
        step: u32,
        /// The file to write; standard output if none is given
        #[arg(long, value_name = "FILE.svg")]
        output: Option<PathBuf>,
    },
    /// Print a scenario as a link: the fragment to append to the page's address
    Link {
        /// A built-in scenario, a JSON file (- is standard input), or a link
        scenario: String,
        /// The step to show; the scenario's own if none is given
        #[arg(long, value_name = "N")]
        step: Option<u32>,
    },
    /// Print what a link holds, or a file or a built-in scenario is, as a scenario file
    Show {
        /// The link, with or without the page's address; or a file (- is standard input), or a built-in scenario
        scenario: String,
    },
    /// Say whether runs solve a challenge of a lesson, or list the challenges
    Grade(grade::GradeArgs),
    /// Print every sentence that the built-in scenarios say, in both languages
    Sentences,
    /// Print what conditions can name, protocol by protocol, as Markdown: the tables of docs/CONDITIONS.md
    Facts,
    /// Print the built-in scenarios in both languages as JSON: what the page lists (static/catalogue.json)
    Manifest,
    /// Read keys, a line each, and print which node owns each of them
    Hash(hash::HashArgs),
}

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The input cannot be used.
    #[error("{0}")]
    Input(String),
    /// There is nothing of that name.
    #[error("{0}")]
    Unknown(String),
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Standard output could not be written.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// How a command ended that did what it was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All is well.
    Well,
    /// A check found a violation.
    Violation,
    /// What was waited for never came.
    Never,
}

/// Runs the command line and returns the exit status.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error)
            if error.use_stderr()
                && error.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
        {
            eprintln!("{}", first_lines(&error.to_string()));
            return ExitCode::from(2);
        }
        Err(help) => {
            // Whoever closed the pipe does not want the help.
            let _ = help.print();
            return ExitCode::from(if help.use_stderr() { 2 } else { 0 });
        }
    };
    let mut output = BufWriter::new(io::stdout().lock());
    let result = execute(arguments.command, &mut output).and_then(|ending| {
        output.flush()?;
        Ok(ending)
    });
    match result {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::Violation | Ending::Never) => ExitCode::from(1),
        // Whoever reads our output has seen enough.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lamplight: {}", error.to_string().replace('\n', " "));
            ExitCode::from(2)
        }
    }
}

/// What is wrong, in one line: the first paragraph of what the argument parser says.
fn first_lines(text: &str) -> String {
    let paragraph = text.lines().take_while(|line| !line.trim().is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    format!("lamplight: {} (see lamplight --help)", line.strip_prefix("error: ").unwrap_or(&line))
}

fn execute(command: Command, output: &mut dyn Write) -> Result<Ending, CliError> {
    match command {
        Command::List => {
            for card in catalogue(Lang::En) {
                writeln!(output, "{}\t{}", card.id, card.look_for)?;
            }
        }
        Command::Run(args) => return run::run(&args, output),
        Command::Check(args) => return check::run(&args, output),
        Command::Export(args) => export::run(&args, output)?,
        Command::Render { scenario, step, output: path } => {
            let mut bench = open_scenario(&scenario, None)?;
            seek(bench.as_mut(), step)?;
            let picture =
                svg::draw(&bench.stage(Lang::En), bench.circle().as_deref().map(|circle| (circle, Lang::En)));
            match path {
                Some(path) => write_file(&path, |file| file.write_all(picture.as_bytes()))?,
                None => output.write_all(picture.as_bytes())?,
            }
        }
        Command::Link { scenario, step } => {
            let mut bench = open_scenario(&scenario, None)?;
            if let Some(step) = step {
                seek(bench.as_mut(), step)?;
            }
            writeln!(output, "#{}", bench.link())?;
        }
        Command::Show { scenario } => match open_source(source_of(&scenario)?, None) {
            Ok(bench) => writeln!(output, "{}", bench.json())?,
            Err(OpenError { cause, salvaged }) => {
                if let Some(bench) = salvaged {
                    writeln!(output, "{}", bench.json())?;
                    output.flush()?;
                }
                return Err(CliError::Input(cause.to_string()));
            }
        },
        Command::Grade(args) => return grade::run(&args, output),
        Command::Sentences => sentences::write(output)?,
        Command::Facts => facts::write(output)?,
        Command::Manifest => manifest::write(output)?,
        Command::Hash(args) => {
            let done = hash::run(&args, io::stdin().lock(), output);
            done.map_err(|error| match error {
                hash::HashError::Io(error) => CliError::Output(error),
                other => CliError::Input(other.to_string()),
            })?;
        }
    }
    Ok(Ending::Well)
}

/// What an argument stands for.
enum Source {
    /// A built-in scenario or a link.
    Text(String),
    /// A file, as far as it has to be read, and how many bytes it has.
    File(Vec<u8>, u64),
}

/// What an argument stands for: a built-in scenario or a link, standard input, or the file that it names.
fn source_of(argument: &str) -> Result<Source, CliError> {
    let is_link = link::fragment_of(argument).is_some();
    if is_link || catalogue(Lang::En).iter().any(|card| card.id == argument) {
        return Ok(Source::Text(argument.to_owned()));
    }
    let path = Path::new(argument);
    let failed = |error| CliError::File { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let most = FILE_BYTES_READ as u64;
    if argument == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(failed)?;
    } else if path.is_dir() || !path.exists() {
        let names = "lamplight list prints the built-in scenarios";
        let argument: String = argument.chars().take(80).collect();
        return Err(CliError::Unknown(format!(
            "{argument:?} is no built-in scenario, file or link; {names}"
        )));
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    }
    // Whoever has given as much as is read may have more to give.
    let length = bytes.len() as u64 + u64::from(bytes.len() == FILE_BYTES_READ);
    Ok(Source::File(bytes, length))
}

/// Opens what was given. A link of an earlier version is opened, with a word about that.
fn open_source(source: Source, seed: Option<u64>) -> Result<Box<dyn Workbench>, OpenError> {
    let opened = match source {
        Source::Text(text) => open_with_seed(&text, seed),
        Source::File(bytes, length) => open_file(&bytes, length, seed),
    };
    match opened {
        Err(OpenError { cause: cause @ OpenCause::Link(LinkError::Earlier), salvaged: Some(bench) }) => {
            eprintln!("lamplight: {cause}");
            Ok(bench)
        }
        other => other,
    }
}

/// Opens what an argument stands for.
fn open_scenario(argument: &str, seed: Option<u64>) -> Result<Box<dyn Workbench>, CliError> {
    let refused = |error: OpenError| CliError::Input(error.cause.to_string());
    // What was wrong with a file is said with its name.
    let refused_here = |error: OpenError| match (&error.cause, argument) {
        (OpenCause::Json(cause), name) if name != "-" => CliError::Input(format!("{name}: {cause}")),
        _ => refused(error),
    };
    let bench = open_source(source_of(argument)?, seed).map_err(refused_here)?;
    match seed {
        Some(seed) if bench.seed() != seed => {
            // Only built-in scenarios take a seed as they are opened; in others it is replaced.
            let form = |error: serde_json::Error| CliError::Input(error.to_string());
            let mut file: serde_json::Value = serde_json::from_str(&bench.json()).map_err(form)?;
            if let Some(fields) = file.as_object_mut() {
                fields.insert("seed".to_owned(), seed.into());
            }
            open(&file.to_string()).map_err(refused)
        }
        _ => Ok(bench),
    }
}

/// Moves to a step that must exist.
fn seek(bench: &mut dyn Workbench, step: u32) -> Result<(), CliError> {
    let reached = bench.seek(step);
    if reached < step {
        return Err(CliError::Input(format!(
            "the run ends after {reached} steps; step {step} does not exist"
        )));
    }
    Ok(())
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let failed = |error| CliError::File { path: path.to_owned(), error };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    write(&mut file).and_then(|()| file.flush()).map_err(failed)
}
