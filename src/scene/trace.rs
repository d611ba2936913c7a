//! A run as NDJSON: one object a line, for tools that know nothing of this program.
//!
//! The first line says what was run, then there is one line for each step, and the last one holds the digest of
//! the whole run. Nodes and clients are counted from 0, as in a scenario file. `docs/TRACE.md` describes every
//! field; what is written there stays as it is within a format version.

use serde::Serialize;
use serde_json::{Value, json};

use super::portray::Portray;
use crate::lang::Lang;
use crate::protocol::{ClientId, Effect, EffectBody, Input, NodeId};
use crate::scenario::json::{text_of, value_of as value};
use crate::sim::step::Loss;
use crate::sim::{Address, Cluster, Digest, EventId, Happening, InterventionOf, Recording, Step, Watcher};

/// The version of the form that is written.
pub const FORMAT: u32 = 1;

/// How many steps are written before the receiver is asked again whether it wants more.
const STEPS_AT_ONCE: u32 = 256;

/// The longest first line that is read, in bytes: a link and little more.
const HEADER_BYTES_MAX: usize = crate::scenario::link::LINK_CHARS_MAX + 4_096;

/// Where a trace comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The exact run, as the fragment of a link.
    pub link: &'a str,
}

/// The link that a trace was made from; `None` if the text is no trace. Only its first line is looked at.
pub fn link_of(text: &str) -> Option<String> {
    let first = text.lines().next().filter(|line| line.len() <= HEADER_BYTES_MAX)?;
    let header: Value = serde_json::from_str(first).ok()?;
    header.get("scenario_digest")?;
    header.get("link")?.as_str().map(str::to_owned)
}

/// Writes the first steps of a recording, a line at a time and without line ends. `line` says whether it wants
/// more. Returns whether everything was written.
pub fn write<P: Portray>(
    recording: &Recording<P>,
    origin: Origin<'_>,
    steps: u32,
    line: &mut dyn FnMut(&str) -> bool,
) -> bool {
    let steps = steps.min(recording.steps());
    let mut cluster = recording.at(0);
    let mut tracer = Tracer {
        before: cluster.nodes().to_vec(),
        digest: Digest::default(),
        pending: None,
        wants_more: line(&text_of(&header(recording, origin))),
        line,
    };
    while tracer.wants_more && cluster.steps() < steps {
        let before = cluster.steps();
        recording.run_on(&mut cluster, (before + STEPS_AT_ONCE).min(steps), &mut tracer);
        if cluster.steps() == before {
            break;
        }
    }
    tracer.flush();
    tracer.wants_more && {
        let last = Footer { digest: hex(tracer.digest.finish()), steps: cluster.steps() };
        (tracer.line)(&text_of(&last))
    }
}

/// A digest as people write it.
pub fn hex(digest: u64) -> String {
    format!("{digest:016x}")
}

/// The first line.
#[derive(Serialize)]
struct Header<'a> {
    format: u32,
    protocol: &'static str,
    scenario: &'a str,
    seed: u64,
    nodes: u16,
    clients: u16,
    scenario_digest: String,
    link: &'a str,
}

/// A line in between.
#[derive(Serialize)]
struct Line {
    step: u32,
    time_us: u64,
    node: Option<NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    input: Value,
    cause: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    chosen: bool,
    effects: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lost: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violation: Option<Value>,
    /// `Some(None)` for a node that is down after the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Option<Value>>,
}

/// The last line.
#[derive(Serialize)]
struct Footer {
    digest: String,
    steps: u32,
}

fn header<'a, P: Portray>(recording: &Recording<P>, origin: Origin<'a>) -> Header<'a> {
    let setup = recording.head().setup();
    let mut digest = Digest::default();
    digest.take(&**setup);
    for (step, act) in recording.interventions() {
        digest.take(&(step, act));
    }
    Header {
        format: FORMAT,
        protocol: P::NAME,
        scenario: origin.scenario,
        seed: recording.head().seed(),
        nodes: setup.nodes,
        clients: setup.clients,
        scenario_digest: hex(digest.finish()),
        link: origin.link,
    }
}

/// Turns steps into lines while a run is run again.
struct Tracer<'a, P: Portray> {
    before: Vec<Option<P>>,
    digest: Digest,
    /// The last step, until it is known which messages it put on their way.
    pending: Option<Line>,
    wants_more: bool,
    line: &'a mut dyn FnMut(&str) -> bool,
}

impl<P: Portray> Tracer<'_, P> {
    fn flush(&mut self) {
        if let Some(step) = self.pending.take()
            && self.wants_more
        {
            self.wants_more = (self.line)(&text_of(&step));
        }
    }
}

impl<P: Portray> Watcher<P> for Tracer<'_, P> {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        self.flush();
        self.digest.step(cluster, step);
        let node = step.party.and_then(Address::node);
        let client = match step.party {
            Some(Address::Client(client)) => Some(client),
            _ => None,
        };
        let violation = step.violation.map(|violation| {
            let (name, facts) = P::violation_text(violation, Lang::En);
            json!({ "name": name, "facts": facts, "data": value(violation) })
        });
        let state = node.map(|node| {
            let after = cluster.node(node);
            let known = self.before.get_mut(node.index());
            let before = known.as_deref().and_then(Option::as_ref);
            let state = after.map(|after| after.trace_state(before));
            if let Some(known) = known {
                *known = after.cloned();
            }
            state
        });
        self.pending = Some(Line {
            step: step.index,
            time_us: step.time_us,
            node,
            client,
            input: input::<P>(step),
            cause: step.cause,
            chosen: step.chosen,
            effects: step.effects.iter().map(|done| effect::<P>(done, step.party)).collect(),
            lost: Vec::new(),
            violation,
            state,
        });
    }

    fn sent(&mut self, effect: usize, event: EventId) {
        let Some(line) = &mut self.pending else { return };
        let message = match line.effects.get_mut(effect) {
            Some(Value::Object(effect)) => {
                let name = if effect.contains_key("send") { "send" } else { "reply" };
                effect.get_mut(name)
            }
            // What a client sends is no effect of a protocol; its message stands with the step itself.
            _ => line.input.get_mut("ask"),
        };
        if let Some(Value::Object(message)) = message {
            message.insert("id".to_owned(), json!(event));
        }
    }

    fn lost(&mut self, loss: &Loss) {
        Watcher::<P>::lost(&mut self.digest, loss);
        let Loss { event, cause, from, to, .. } = loss;
        if let Some(line) = &mut self.pending {
            line.lost.push(json!({ "id": event, "cause": cause, "from": from, "to": to }));
        }
    }
}

/// The fields of something that serialises as `{"its_name": {its fields}}` or as a bare name.
fn fields<T: Serialize + ?Sized>(data: &T) -> Value {
    match value(data) {
        Value::Object(map) if map.len() == 1 => {
            map.into_iter().next().map_or(Value::Null, |(_, inner)| inner)
        }
        Value::String(_) => json!({}),
        other => other,
    }
}

fn kind<P: Portray>(message: &P::Message) -> &'static str {
    P::MESSAGE_KINDS.get(usize::from(P::message_kind(message))).copied().unwrap_or_default()
}

fn timer_name<P: Portray>(timer: P::Timer) -> &'static str {
    P::TIMERS.get(usize::from(P::timer_index(timer))).copied().unwrap_or_default()
}

/// What happened in a step.
fn input<P: Portray>(step: &Step<'_, P>) -> Value {
    match step.happening {
        Happening::Boot => json!("boot"),
        Happening::Input { input: None, kind } => value(kind),
        Happening::Input { input: Some(input), .. } => match input {
            Input::Message { from, message } => json!({ "message": {
                "id": step.event,
                "from": Address::Node(*from),
                "to": step.party,
                "kind": kind::<P>(message),
                "fields": fields(message),
            }}),
            Input::Timer(timer) => json!({ "timer": timer_name::<P>(*timer), "value": value(timer) }),
            Input::Request { client, request, command } => json!({ "request": {
                "id": step.event,
                "client": client,
                "request": request,
                "command": value(command),
            }}),
            Input::Synced(sync) => json!({ "synced": sync }),
            Input::Operation(operation) => json!({ "operation": value(operation) }),
        },
        Happening::Ask { request, command, node, retries } => json!({ "ask": {
            "request": request,
            "command": value(command),
            "node": node,
            "retries": retries,
        }}),
        Happening::Answered { request, command, answer, since_us } => json!({ "answered": {
            "id": step.event,
            "request": request,
            "command": value(command),
            "answer": value(answer),
            "since_us": since_us,
        }}),
        Happening::Ignored { request } => json!({ "ignored": { "id": step.event, "request": request } }),
        Happening::Intervention { act, by } => {
            json!({ "intervention": value::<InterventionOf<P>>(act), "by": by })
        }
        Happening::NotPossible { act, problem } => {
            json!({ "not_possible": value::<InterventionOf<P>>(act), "problem": problem.to_string() })
        }
    }
}

/// What a node did, with the rule that asked for it.
fn effect<P: Portray>(effect: &Effect<P>, party: Option<Address>) -> Value {
    let mut done = match &effect.body {
        EffectBody::Send { to, message } => json!({ "send": {
            "from": party,
            "to": Address::Node(*to),
            "kind": kind::<P>(message),
            "fields": fields(message),
        }}),
        EffectBody::SetTimer { timer, after_us } => json!({ "set_timer": {
            "timer": timer_name::<P>(*timer),
            "value": value(timer),
            "after_us": after_us,
        }}),
        EffectBody::CancelTimer { timer } => json!({ "cancel_timer": {
            "timer": timer_name::<P>(*timer),
            "value": value(timer),
        }}),
        EffectBody::Append { record } => json!({ "append": { "record": value(record) } }),
        EffectBody::Rewrite { records } => json!({ "rewrite": { "records": value(records) } }),
        EffectBody::Sync { sync } => json!({ "sync": { "sync": sync } }),
        EffectBody::Reply { client, request, answer } => json!({ "reply": {
            "from": party,
            "to": Address::Client(*client),
            "request": request,
            "answer": value(answer),
        }}),
        EffectBody::Note => json!({ "note": {} }),
    };
    if let Value::Object(done) = &mut done {
        done.insert("reason".to_owned(), value(&effect.why));
        done.insert("section".to_owned(), json!(P::reason_source(&effect.why)));
    }
    done
}
