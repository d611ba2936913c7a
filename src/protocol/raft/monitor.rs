//! Stub.
use super::{Options, Raft};
use crate::protocol::{Monitor, Observation};
use serde::Serialize;

/// The monitor.
#[derive(Clone, PartialEq, Debug)]
pub struct RaftMonitor;
/// A violation.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Violation;

impl Monitor<Raft> for RaftMonitor {
    type Violation = Violation;
    fn new(_nodes: u16, _options: &Options) -> Self {
        RaftMonitor
    }
    fn observe(&mut self, _step: &Observation<'_, Raft>) -> Option<Violation> {
        None
    }
}
