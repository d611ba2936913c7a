//! The command line: the same library without a browser.

use std::process::ExitCode;

/// Runs the command line and returns the exit status.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
