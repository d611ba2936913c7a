//! `lamplight facts`: what conditions can name, protocol by protocol.

use std::io::{self, Write};

use crate::lang::Lang;
use crate::scene::condition::Vocabulary;
use crate::scene::facts::{
    FactKind, FactName, OF_EVERY_CLIENT, OF_EVERY_CLUSTER, OF_EVERY_NODE, VERBS_OF_EVERY_CLIENT,
    VERBS_OF_EVERY_NODE, Verb, VerbTest,
};
use crate::scene::registry::PROTOCOLS;

/// Writes the tables, as Markdown.
///
/// # Errors
/// The output cannot be written.
pub fn write(output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "### Every node\n")?;
    facts(OF_EVERY_NODE, output)?;
    verbs(VERBS_OF_EVERY_NODE, OF_EVERY_NODE, output)?;
    writeln!(output, "\n### Every client\n")?;
    facts(OF_EVERY_CLIENT, output)?;
    verbs(VERBS_OF_EVERY_CLIENT, OF_EVERY_CLIENT, output)?;
    writeln!(output, "\n### Every cluster\n")?;
    facts(OF_EVERY_CLUSTER, output)?;
    for protocol in PROTOCOLS {
        let Vocabulary { facts: own, cluster, verbs: said, kinds, named, .. } = protocol.vocabulary();
        writeln!(output, "\n### {} (`{}`)\n", protocol.title(Lang::En), protocol.name)?;
        facts(&own, output)?;
        verbs(said, &own, output)?;
        if !cluster.is_empty() {
            writeln!(output, "\nOf the cluster:\n")?;
            facts(&cluster, output)?;
        }
        writeln!(output, "\nMessages: {}.", listed(kinds))?;
        for (name, node) in named {
            writeln!(output, "\n`{name}` is `{node}`.")?;
        }
    }
    Ok(())
}

fn facts(names: &[FactName], output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "| fact | values | what it is |\n|---|---|---|")?;
    for FactName { key, kind, says } in names {
        writeln!(output, "| `{key}` | {} | {} |", values(*kind), says(Lang::En))?;
    }
    Ok(())
}

fn verbs(verbs: &[Verb], facts: &[FactName], output: &mut dyn Write) -> io::Result<()> {
    let is_list = |key: &str| {
        let fact = facts.iter().find(|fact| fact.key == key);
        fact.is_some_and(|fact| matches!(fact.kind, FactKind::Nodes | FactKind::Names))
    };
    writeln!(output, "\n| verb | stands for |\n|---|---|")?;
    for Verb { one, many, fact, test } in verbs {
        let forms = if one == many { format!("`{one}`") } else { format!("`{one}`, `{many}`") };
        let (object, test) = match test {
            VerbTest::Is(word) => ("", format!("= {word}")),
            VerbTest::Flag(flag) => ("", format!("= {}", if *flag { "yes" } else { "no" })),
            VerbTest::Some => ("", ">= 1".to_owned()),
            VerbTest::Object if is_list(fact) => (" …", "has …".to_owned()),
            VerbTest::Object => (" …", "= …".to_owned()),
        };
        writeln!(output, "| {forms}{object} | `.{fact} {test}` |")?;
    }
    Ok(())
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn values(kind: FactKind) -> String {
    match kind {
        FactKind::Flag => "yes or no".to_owned(),
        FactKind::Number => "a number".to_owned(),
        FactKind::Word(words) => listed(words),
        FactKind::Node => "a node".to_owned(),
        FactKind::Ballot => "a ballot".to_owned(),
        FactKind::Nodes => "nodes".to_owned(),
        FactKind::Names => "names".to_owned(),
        FactKind::Text => "a value".to_owned(),
    }
}
