//! What notebooks show. All text is escaped, and links are to HTTPS only: catalogues are written by others.

use frazil_data::cmr::Collection;
use frazil_data::found::{Item, Size};

use crate::footprint;

/// Most links of a card.
const MOST_LINKS: usize = 8;

/// Words begin at the left: tables of notebooks are made for numbers.
const LEFT: &str = "text-align:left";

/// Text as HTML shows it, also within quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A number of bytes for people: `31.4 MB`.
pub(crate) fn bytes(number: u64) -> String {
    frazil_units::Bytes::new(number).rounded()
}

/// A size for people; `~` before one that is not to the byte.
pub(crate) fn size(size: Size) -> String {
    format!("{}{}", if size.is_exact() { "" } else { "~" }, bytes(size.bytes()))
}

/// A link, if it is to HTTPS.
fn link(href: &str, words: &str) -> String {
    if href.starts_with("https://") {
        let href = escaped(href);
        return format!(
            r#"<a href="{href}" rel="noopener noreferrer" target="_blank">{}</a>"#,
            escaped(words)
        );
    }
    escaped(words)
}

fn time(item: &Item) -> String {
    let text = |moment: Option<String>| moment.unwrap_or_else(|| "…".to_owned());
    match (item.time.start, item.time.end) {
        (None, None) => String::new(),
        (start, end) if start == end => text(start.map(|moment| moment.to_string())),
        (start, end) => {
            let (start, end) = (start.map(|moment| moment.to_string()), end.map(|moment| moment.to_string()));
            format!("{} to {}", text(start), text(end))
        }
    }
}

fn yes_no(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

/// A row of a card; nothing where there is nothing to tell.
fn row_of(name: &str, cell: &str) -> String {
    if cell.is_empty() {
        return String::new();
    }
    format!(r#"<tr><th scope="row" style="{LEFT}">{name}</th><td style="{LEFT}">{cell}</td></tr>"#)
}

/// An item with its size, its footprint and its image.
pub(crate) fn card(item: &Item) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, cell: &str| rows.push_str(&row_of(name, cell));
    row("Dataset", &escaped(&item.dataset.label().unwrap_or_default()));
    row("Id", &escaped(&item.id));
    row("Time", &escaped(&time(item)));
    row("Size", &item.size.map(size).unwrap_or_default());
    row("In the cloud", yes_no(item.cloud_hosted));
    let data: Vec<_> = item.data().collect();
    let links: Vec<String> =
        data.iter().take(MOST_LINKS).map(|asset| link(&asset.href, asset.file_name())).collect();
    row("Data", &links.join("<br>"));
    if data.len() > MOST_LINKS {
        row("", &format!("and {} more", data.len() - MOST_LINKS));
    }
    let map = item.geometry.as_ref().and_then(|geometry| footprint::svg(geometry, item.bbox));
    let browse = item.browse().map(|asset| asset.href.as_str()).filter(|href| href.starts_with("https://"));
    let image = browse.map(|href| {
        let href = escaped(href);
        format!(
            r#"<a href="{href}" rel="noopener noreferrer" target="_blank"><img src="{href}" alt="Browse image" loading="lazy" referrerpolicy="no-referrer" style="max-height:160px;max-width:240px"></a>"#
        )
    });
    format!(
        r#"<div class="frazil-item"><strong>{}</strong><div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start"><table>{rows}</table><div style="display:flex;flex-wrap:wrap;gap:1em">{}{}</div></div></div>"#,
        escaped(&item.name),
        map.unwrap_or_default(),
        image.unwrap_or_default()
    )
}

/// A collection.
pub(crate) fn collection(collection: &Collection) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, cell: Option<String>| {
        rows.push_str(&row_of(name, &cell.unwrap_or_default()));
    };
    row("Id", Some(escaped(collection.concept_id())));
    row("Provider", collection.provider().map(escaped));
    row("DOI", collection.doi().map(|doi| link(&format!("https://doi.org/{doi}"), doi)));
    row("Granules", collection.granule_count().map(|count| count.to_string()));
    row("In the cloud", Some(yes_no(Some(collection.cloud_hosted())).to_owned()));
    row("Summary", collection.summary().map(escaped));
    format!(
        r#"<div class="frazil-collection"><strong>{} {}: {}</strong><table>{rows}</table></div>"#,
        escaped(collection.short_name().unwrap_or_default()),
        escaped(collection.version().unwrap_or_default()),
        escaped(collection.title().unwrap_or_default())
    )
}

/// Cells of a table: moments and sizes are not broken.
const CELL: &str = "text-align:left;white-space:nowrap";

/// Names of columns, and rows of cells that are text.
pub(crate) fn table(caption: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = columns
        .iter()
        .map(|name| format!(r#"<th scope="col" style="{CELL}">{}</th>"#, escaped(name)))
        .collect();
    let cells = |row: &Vec<String>| -> String {
        row.iter().map(|cell| format!(r#"<td style="{CELL}">{}</td>"#, escaped(cell))).collect()
    };
    let body: String = rows.iter().map(|row| format!("<tr>{}</tr>", cells(row))).collect();
    format!(
        r#"<div class="frazil-results"><p>{}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"#,
        escaped(caption)
    )
}

/// The columns of a table of items.
pub(crate) const COLUMNS: [&str; 6] = ["name", "dataset", "start", "end", "size", "cloud"];

/// The cells of an item for [`COLUMNS`].
pub(crate) fn cells(item: &Item) -> Vec<String> {
    // To the second: a table is as wide as a notebook.
    let moment = |moment: Option<String>| match moment.as_deref().and_then(|text| text.split_once('.')) {
        Some((whole, _)) => format!("{whole}Z"),
        None => moment.unwrap_or_default(),
    };
    vec![
        item.name.clone(),
        item.dataset.label().unwrap_or_default(),
        moment(item.time.start.map(|moment| moment.to_string())),
        moment(item.time.end.map(|moment| moment.to_string())),
        item.size.map(size).unwrap_or_default(),
        yes_no(item.cloud_hosted).to_owned(),
    ]
}

/// A number of bytes for people: `31.4 MB`.
#[pyo3::pyfunction]
pub(crate) fn readable(number: u64) -> String {
    bytes(number)
}
