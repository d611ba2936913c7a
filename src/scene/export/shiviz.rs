//! A stretch of a run as a log with vector clocks, as ShiViz reads it.
//!
//! Two lines for each event: what happened, and then the host with its vector clock as JSON. That is the form that
//! ShiViz expects where it is told nothing, with [`PARSER`]. Every party is a host; what was done to the network as
//! a whole happened at the host `cluster`.
//!
//! One event happened before another exactly if it is reached from it by causes and by the order of events of one
//! host; a cause that lies before the stretch is not known to the log.

use std::fmt::Write;

use crate::lang::time;
use crate::scene::Lang;
use crate::scene::workbench::Workbench;
use crate::sim::Address;

/// The regular expression by which ShiViz reads the log; it is the one that ShiViz starts with.
pub const PARSER: &str = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})";

/// How many steps are told before the receiver is asked whether it wants more.
const STEPS_AT_ONCE: u32 = 512;

/// Writes the steps from one to another, both included and counted from 1, a line at a time and without line ends.
/// `line` says whether it wants more. Returns whether everything was written.
pub fn write(
    bench: &dyn Workbench,
    from: u32,
    to: u32,
    lang: Lang,
    line: &mut dyn FnMut(&str) -> bool,
) -> bool {
    let (from, to) = (from.max(1), to.min(bench.recorded()));
    let mut clocks = Clocks::new(usize::from(bench.nodes()), usize::from(bench.clients()), from);
    let mut first = from;
    while first <= to {
        let last = to.min(first.saturating_add(STEPS_AT_ONCE - 1));
        for account in bench.account(first, last, lang) {
            let sentence = &account.sentence;
            let clock = clocks.tick(sentence.address, account.cause);
            let event = format!(
                "{} · {} · {}",
                sentence.step,
                time(sentence.time_us, lang),
                one_line(&sentence.text)
            );
            if !line(&event) || !line(&clock) {
                return false;
            }
        }
        first = last + 1;
    }
    true
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The vector clocks of all hosts, and those of all events so far.
struct Clocks {
    names: Vec<String>,
    nodes: usize,
    /// What each host knows.
    now: Vec<Vec<u32>>,
    /// The clock of each event, the first one first.
    events: Vec<Vec<u32>>,
    /// The step that the first event is.
    first: u32,
}

impl Clocks {
    fn new(nodes: usize, clients: usize, first: u32) -> Clocks {
        let node_names = (1..=nodes).map(|number| format!("n{number}"));
        let client_names = (1..=clients).map(|number| format!("c{number}"));
        let names: Vec<String> = node_names.chain(client_names).chain(["cluster".to_owned()]).collect();
        Clocks { now: vec![vec![0; names.len()]; names.len()], names, nodes, events: Vec::new(), first }
    }

    /// One more event; returns its host and clock as the log has them.
    fn tick(&mut self, party: Option<Address>, cause: Option<u32>) -> String {
        let host = match party {
            Some(Address::Node(node)) => node.index(),
            Some(Address::Client(client)) => self.nodes + client.index(),
            None => self.names.len() - 1,
        };
        let cause = cause.and_then(|step| step.checked_sub(self.first));
        let known = cause.and_then(|at| self.events.get(at as usize));
        let Some(clock) = self.now.get_mut(host) else { return String::new() };
        if let Some(known) = known {
            for (mine, theirs) in clock.iter_mut().zip(known) {
                *mine = (*mine).max(*theirs);
            }
        }
        if let Some(own) = clock.get_mut(host) {
            *own += 1;
        }
        let mut text = format!("{} {{", self.names.get(host).map_or("", String::as_str));
        for (name, count) in self.names.iter().zip(clock.iter()).filter(|(_, count)| **count > 0) {
            let comma = if text.ends_with('{') { "" } else { "," };
            // Writing into a string cannot fail.
            let _ = write!(text, "{comma}\"{name}\":{count}");
        }
        text.push('}');
        let clock = clock.clone();
        self.events.push(clock);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ClientId, NodeId};

    #[test]
    fn a_message_carries_what_its_sender_knew_and_a_cause_before_the_log_is_unknown() {
        let mut clocks = Clocks::new(2, 1, 5);
        let (n1, c1) = (Some(Address::Node(NodeId(0))), Some(Address::Client(ClientId(0))));
        assert_eq!(clocks.tick(c1, Some(3)), r#"c1 {"c1":1}"#);
        assert_eq!(clocks.tick(n1, None), r#"n1 {"n1":1}"#);
        assert_eq!(clocks.tick(n1, Some(5)), r#"n1 {"n1":2,"c1":1}"#);
        assert_eq!(clocks.tick(None, None), r#"cluster {"cluster":1}"#);
    }
}
