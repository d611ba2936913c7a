//! The Synod's messages in words.

use super::proposal_text;
use crate::protocol::Participant;
use crate::protocol::paxos::synod::{Message, Synod};
use crate::scene::Lang;
use crate::scene::model::Field;
use crate::{say, word};

pub(super) fn text(message: &Message, lang: Lang) -> String {
    let kind =
        Synod::MESSAGE_KINDS.get(usize::from(Synod::message_kind(message))).copied().unwrap_or_default();
    match message {
        Message::Prepare { ballot } => format!("{kind} {ballot}"),
        Message::Promise { ballot, accepted: None } => {
            say!(lang, "{kind} {ballot}, nothing accepted", "{kind} {ballot}，未接受过")
        }
        Message::Promise { ballot, accepted: Some(accepted) } => {
            let accepted = proposal_text(accepted);
            say!(lang, "{kind} {ballot}, accepted {accepted}", "{kind} {ballot}，已接受 {accepted}")
        }
        Message::Accept(proposal) | Message::Accepted(proposal) | Message::Chosen(proposal) => {
            format!("{kind} {}", proposal_text(proposal))
        }
        Message::Refused { ballot, promised } => {
            say!(lang, "{kind} {ballot}, promised {promised}", "{kind} {ballot}，已承诺 {promised}")
        }
        Message::Ask { .. } => say!(lang, "{kind}: what was chosen?", "{kind}：选定了什么？"),
    }
}

pub(super) fn fields(message: &Message, lang: Lang) -> Vec<Field> {
    let ballot_name = word!(lang, "ballot", "编号");
    let ballot = |ballot: &dyn ToString| Field::new(ballot_name, ballot.to_string());
    match message {
        Message::Prepare { ballot: asked } => vec![ballot(asked)],
        Message::Promise { ballot: promised, accepted } => {
            let accepted = accepted.as_ref().map_or_else(|| "–".to_owned(), proposal_text);
            vec![
                ballot(promised),
                Field::new(word!(lang, "accepted", "已接受"), accepted).hint(word!(
                    lang,
                    "the proposal of the highest ballot that this acceptor has accepted",
                    "该接受者接受过的编号最高的提案"
                )),
            ]
        }
        Message::Accept(proposal) | Message::Accepted(proposal) | Message::Chosen(proposal) => {
            vec![ballot(&proposal.ballot), Field::new(word!(lang, "value", "值"), &*proposal.value)]
        }
        Message::Refused { ballot: refused, promised } => {
            vec![ballot(refused), Field::new(word!(lang, "promised", "已承诺"), promised.to_string())]
        }
        Message::Ask { undecided } => vec![
            Field::new(
                word!(lang, "wants a ballot", "要求新编号"),
                if *undecided { word!(lang, "yes", "是") } else { word!(lang, "no", "否") },
            )
            .hint(word!(
                lang,
                "it has seen votes that make no quorum; only a new ballot can tell",
                "它见到的票不足法定数，只有新的编号才能查明"
            )),
        ],
    }
}
