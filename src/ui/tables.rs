//! A table of the scene: logs side by side, slots, records on disk, keys by owner.

use std::rc::Rc;

use gloo::render::{AnimationFrame, request_animation_frame};
use yew::prelude::*;

use super::ask::Ui;
use super::load_chart;
use super::row_window::use_row_window;
use super::stage::px;
use super::tone_class;
use crate::scene::Selection;
use crate::scene::model::{Cell, Row, Table};

/// What a table is drawn from.
#[derive(Properties, PartialEq)]
pub struct TableProps {
    /// Language and wishes.
    pub ui: Ui,
    /// All tables.
    pub tables: Rc<Vec<Table>>,
    /// Which one is shown.
    pub shown: usize,
    /// What is chosen.
    pub chosen: Option<Selection>,
}

/// One of the tables.
#[component]
pub fn TableView(props: &TableProps) -> Html {
    let frame = use_node_ref();
    {
        let frame = frame.clone();
        // The end of a log is where something happens: it stays in view unless the reader has scrolled back. What
        // is no log begins where reading does.
        let is_log =
            |table: &&Table| table.chart.is_none() && table.rows.iter().all(|row| row.address.is_some());
        let columns = props.tables.get(props.shown).filter(is_log).map(|table| table.columns.clone());
        let followed = use_mut_ref(|| 0);
        let asked = use_mut_ref(|| None::<AnimationFrame>);
        use_effect_with(columns, move |columns| {
            let is_log = columns.is_some();
            // Asked now, the browser would lay out the page for the answer, and again for what is drawn after it.
            *asked.borrow_mut() = Some(request_animation_frame(move |_| {
                let Some(element) = frame.cast::<web_sys::Element>() else { return };
                if !is_log {
                    element.set_scroll_left(0);
                } else if element.scroll_left() >= *followed.borrow() - 2 {
                    element.set_scroll_left(element.scroll_width() - element.client_width());
                }
                *followed.borrow_mut() = element.scroll_left();
            }));
        });
    }
    let table = props.tables.get(props.shown).or_else(|| props.tables.first());
    let window = use_row_window(&frame, table.map_or(0, |table| table.rows.len()));
    let Some(table) = table else { return Html::default() };
    let drawn = table.rows.iter().enumerate().take(window.end).skip(window.first);
    let is_part = window.end - window.first < table.rows.len();
    let count = is_part.then(|| (table.rows.len() + 1).to_string());
    html! {
        <div class="table-frame" ref={frame} tabindex="0" role="region" aria-label={table.title.clone()}
            onscroll={window.onscroll}>
            if !table.note.is_empty() { <p class="table-note">{ table.note.clone() }</p> }
            if let Some(chart) = &table.chart { { load_chart::view(chart) } }
            <table aria-rowcount={count}>
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
                    { spacer(window.above_px) }
                    for (at, row) in drawn {
                        <RowView key={at} ui={props.ui.clone()} tables={props.tables.clone()} shown={props.shown} {at} {is_part}
                            is_chosen={selects(row).is_some() && selects(row) == props.chosen} />
                    }
                    { spacer(window.below_px) }
                </tbody>
            </table>
        </div>
    }
}

/// The room of rows that are not drawn. A height as an attribute needs no style, which the page's policy forbids.
fn spacer(height_px: f64) -> Html {
    if height_px <= 0.0 {
        return Html::default();
    }
    html! { <tr class="spacer" aria-hidden="true"><td height={px(height_px)}></td></tr> }
}

/// What choosing a row chooses.
fn selects(row: &Row) -> Option<Selection> {
    row.address.map(Selection::Party).or_else(|| row.key.map(Selection::Key))
}

/// A row, by its place: the tables are shared, because a copy of every cell would cost more than drawing those that
/// have changed.
#[derive(Properties)]
struct RowProps {
    ui: Ui,
    tables: Rc<Vec<Table>>,
    shown: usize,
    at: usize,
    /// Whether others are not drawn, so that its number has to be said.
    is_part: bool,
    is_chosen: bool,
}

impl RowProps {
    fn row(&self) -> Option<&Row> {
        self.tables.get(self.shown).or_else(|| self.tables.first())?.rows.get(self.at)
    }
}

impl PartialEq for RowProps {
    fn eq(&self, other: &RowProps) -> bool {
        (self.is_part, self.is_chosen) == (other.is_part, other.is_chosen)
            && self.ui == other.ui
            && self.row() == other.row()
    }
}

#[component]
fn RowView(props: &RowProps) -> Html {
    let Some(row) = props.row() else { return Html::default() };
    let class = classes!(
        row.faint.then_some("is-faint"),
        props.is_chosen.then_some("is-chosen"),
        row.is_current.then_some("is-current")
    );
    html! {
        <tr {class} aria-rowindex={props.is_part.then(|| (props.at + 2).to_string())}>
            <th scope="row">
                if let Some(selection) = selects(row) {
                    <button type="button" class="row-name" aria-pressed={props.is_chosen.to_string()}
                        onclick={props.ui.on_select(selection)}>{ row.name.clone() }</button>
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
    html! { <td {class} {title}>{ cell.text.clone() }</td> }
}
