//! Finding a step: by what it says, or by what it changed.

use super::Lang;
use super::detail::Detail;
use super::portray::Portray;
use super::telling::{address_name, happening_text, sentence};
use crate::protocol::NodeId;
use crate::sim::{Address, Recording};

/// How far back a change is looked for, in steps.
const CHANGE_STEPS_MAX: u32 = 100_000;

/// How many steps are run again at a time while looking back.
const STRETCH_STEPS: u32 = 1_024;

/// A step that says all words of a query, among the cursor positions from one to another, both included. `forward`
/// asks for the first one, else it is the last. A query that is empty is found nowhere.
pub fn find<P: Portray>(
    recording: &Recording<P>,
    query: &str,
    (from, to): (u32, u32),
    forward: bool,
    lang: Lang,
) -> Option<u32> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let to = to.min(recording.steps());
    if words.is_empty() || from == 0 || from > to {
        return None;
    }
    let mut cluster = recording.at(from - 1);
    let mut found = None;
    for cursor in from..=to {
        let detail = Detail::next(recording, &mut cluster)?;
        let said = everything_said(&detail, &cluster.setup().options, lang);
        if words.iter().all(|word| said.contains(word)) {
            found = Some(cursor);
            if forward {
                break;
            }
        }
    }
    found
}

/// All that can be said of a step, in small letters: who, what, and each reason.
fn everything_said<P: Portray>(detail: &Detail<P>, options: &P::Options, lang: Lang) -> String {
    let mut said = happening_text::<P>(&detail.happening, detail.party, options, lang);
    let mut say = |more: &str| {
        said.push(' ');
        said.push_str(more);
    };
    say(&sentence(detail, options, lang).text);
    if let Some(party) = detail.party {
        say(&address_name::<P>(party, options, lang));
    }
    for effect in &detail.effects {
        if let Some(node) = detail.party.and_then(Address::node) {
            say(&P::reason_text(&effect.why, node, lang));
        }
        say(P::reason_source(&effect.why));
        if let crate::protocol::EffectBody::Send { message, .. } = &effect.body {
            say(P::MESSAGE_KINDS.get(usize::from(P::message_kind(message))).copied().unwrap_or_default());
        }
    }
    said.to_lowercase()
}

/// The last step at or before this cursor position that gave a field of a node the value that it has, as the
/// inspector names it.
pub fn last_change<P: Portray>(
    recording: &Recording<P>,
    node: NodeId,
    field: &str,
    cursor: u32,
    lang: Lang,
) -> Option<u32> {
    let oldest = cursor.saturating_sub(CHANGE_STEPS_MAX);
    let mut end = cursor.min(recording.steps());
    while end > oldest {
        let start = end.saturating_sub(STRETCH_STEPS).max(oldest);
        let mine = (start..end).filter(|index| {
            recording.info(*index).is_some_and(|info| info.party == Some(Address::Node(node)))
        });
        let details = Detail::of_all(recording, &mine.collect::<Vec<_>>());
        let options = &recording.head().setup().options;
        let value = |process: &Option<P>| {
            let fields = process.as_ref()?.fields(options, lang);
            fields.into_iter().find(|other| other.name == field).map(|other| other.value)
        };
        let changed = details.iter().rev().find(|detail| value(&detail.before) != value(&detail.after));
        if let Some(detail) = changed {
            return Some(detail.index + 1);
        }
        end = start;
    }
    None
}
