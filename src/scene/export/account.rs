//! A stretch of a run, told step by step with the messages that arrived and those that did not.

use crate::protocol::{Input, Participant};
use crate::scene::detail::Detail;
use crate::scene::metrics::REQUEST_AND_ANSWER;
use crate::scene::model::Sentence;
use crate::scene::portray::Portray;
use crate::scene::{Lang, telling};
use crate::sim::cluster::kind_code;
use crate::sim::step::Loss;
use crate::sim::{Address, Happening, Recording};
use crate::word;

/// One step.
#[derive(Clone, PartialEq, Debug)]
pub struct Account {
    /// What happened; steps are counted from 1.
    pub sentence: Sentence,
    /// The step that caused it.
    pub cause: Option<u32>,
    /// The message that arrived with it.
    pub arrived: Option<Told>,
    /// The messages that were lost since the step before.
    pub lost: Vec<Told>,
    /// Whether it is worth stopping at.
    pub notable: bool,
}

/// A message.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// Who sent it.
    pub from: Address,
    /// Who got it, or was to get it.
    pub to: Address,
    /// What it says; of a message that was lost only its kind is known.
    pub text: String,
    /// Whether it answers another one.
    pub answer: bool,
}

/// Tells the steps from one to another, both included and counted from 1.
pub fn account<P: Portray>(recording: &Recording<P>, from: u32, to: u32, lang: Lang) -> Vec<Account> {
    let options = &recording.head().setup().options;
    let indexes: Vec<u32> = (from.max(1)..=to.min(recording.steps())).map(|step| step - 1).collect();
    let mut before_us = from.checked_sub(2).and_then(|index| recording.info(index)).map(|info| info.time_us);
    let mut losses = recording.losses_from(before_us.unwrap_or(0)).peekable();
    let tell = |detail: Detail<P>| {
        let mut lost = Vec::new();
        while let Some(loss) = losses.next_if(|loss| loss.time_us <= detail.time_us) {
            if before_us.is_none_or(|before_us| loss.time_us > before_us) {
                lost.push(told_loss::<P>(loss));
            }
        }
        before_us = Some(detail.time_us);
        let info = recording.info(detail.index);
        Account {
            sentence: telling::sentence(&detail, options, lang),
            cause: detail.cause.map(|index| index + 1),
            arrived: arrived(recording, &detail, lang),
            lost,
            notable: info.is_some_and(|info| info.flags.is_worth_a_stop()),
        }
    };
    Detail::of_all(recording, &indexes).into_iter().map(tell).collect()
}

fn told_loss<P: Portray>(loss: &Loss) -> Told {
    let [request, answer] = REQUEST_AND_ANSWER;
    let (text, is_answer) = match loss.kind {
        kind_code::REQUEST => (request, false),
        kind_code::ANSWER => (answer, true),
        code => {
            let kind = code - kind_code::MESSAGE;
            let name = <P as Participant>::MESSAGE_KINDS.get(usize::from(kind)).copied().unwrap_or_default();
            (name, P::face(kind).answer)
        }
    };
    Told { from: loss.from, to: loss.to, text: text.to_owned(), answer: is_answer }
}

fn arrived<P: Portray>(recording: &Recording<P>, detail: &Detail<P>, lang: Lang) -> Option<Told> {
    let to = detail.party?;
    let sender = || recording.info(detail.cause?)?.party;
    Some(match &detail.happening {
        Happening::Input { input: Some(Input::Message { from, message }), .. } => Told {
            from: Address::Node(*from),
            to,
            text: P::message_text(message, lang),
            answer: P::face(P::message_kind(message)).answer,
        },
        Happening::Input { input: Some(Input::Request { client, command, .. }), .. } => {
            Told { from: Address::Client(*client), to, text: P::command_text(command), answer: false }
        }
        Happening::Answered { answer, .. } => {
            Told { from: sender()?, to, text: P::answer_text(answer, lang), answer: true }
        }
        Happening::Ignored { .. } => Told {
            from: sender()?,
            to,
            text: word!(lang, "an answer that nobody waits for", "无人等待的答复").to_owned(),
            answer: true,
        },
        _ => return None,
    })
}
