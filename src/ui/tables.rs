//! A table of the scene: logs side by side, slots, records on disk, keys by owner.

use std::rc::Rc;

use yew::prelude::*;

use super::ask::Ui;
use super::tone_class;
use crate::scene::Selection;
use crate::scene::model::{Cell, Row, Table};
use crate::sim::Address;

/// What a table is drawn from.
#[derive(Properties, PartialEq)]
pub struct TableProps {
    /// Language and wishes.
    pub ui: Ui,
    /// All tables.
    pub tables: Rc<Vec<Table>>,
    /// Which one is shown.
    pub shown: usize,
    /// The party that is chosen.
    pub chosen: Option<Address>,
}

/// One of the tables.
#[component]
pub fn TableView(props: &TableProps) -> Html {
    let frame = use_node_ref();
    {
        let frame = frame.clone();
        let columns = props.tables.get(props.shown).map(|table| table.columns.clone());
        // The end of a log is where something happens: it stays in view unless the reader has scrolled back.
        let followed = use_mut_ref(|| 0);
        use_effect_with(columns, move |_| {
            let Some(element) = frame.cast::<web_sys::Element>() else { return };
            if element.scroll_left() >= *followed.borrow() - 2 {
                element.set_scroll_left(element.scroll_width() - element.client_width());
            }
            *followed.borrow_mut() = element.scroll_left();
        });
    }
    let Some(table) = props.tables.get(props.shown).or_else(|| props.tables.first()) else {
        return Html::default();
    };
    html! {
        <div class="table-frame" ref={frame} tabindex="0" role="region" aria-label={table.title.clone()}>
            if !table.note.is_empty() { <p class="table-note">{ table.note.clone() }</p> }
            <table>
                <thead>
                    <tr>
                        <td></td>
                        // A column without a name has no head.
                        for column in &table.columns {
                            if column.is_empty() { <td></td> } else { <th scope="col">{ column.clone() }</th> }
                        }
                    </tr>
                </thead>
                <tbody>
                    for (at, row) in table.rows.iter().enumerate() {
                        <RowView key={at} ui={props.ui.clone()} row={row.clone()}
                            is_chosen={row.address.is_some() && row.address == props.chosen} />
                    }
                </tbody>
            </table>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    ui: Ui,
    row: Row,
    is_chosen: bool,
}

#[component]
fn RowView(props: &RowProps) -> Html {
    let row = &props.row;
    let class = classes!(row.faint.then_some("is-faint"), props.is_chosen.then_some("is-chosen"));
    html! {
        <tr {class}>
            <th scope="row">
                if let Some(address) = row.address {
                    <button type="button" class="row-name" aria-pressed={props.is_chosen.to_string()}
                        onclick={props.ui.on_select(Selection::Party(address))}>{ row.name.clone() }</button>
                } else { { row.name.clone() } }
            </th>
            for cell in &row.cells { { cell_view(cell.as_ref()) } }
        </tr>
    }
}

fn cell_view(cell: Option<&Cell>) -> Html {
    let Some(cell) = cell else { return html! { <td></td> } };
    let class = classes!(
        "cell",
        tone_class(cell.tone),
        cell.settled.then_some("is-settled"),
        cell.changed.then_some("is-changed")
    );
    let title = (!cell.hint.is_empty()).then(|| cell.hint.clone());
    html! { <td><span {class} {title}>{ cell.text.clone() }</span></td> }
}
