//! Pages of names that would be markup, and of sums that would not add up.

use frazil_units::Amount;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::*;
use crate::report::{
    Budget, Chapter, DaySum, EgressRow, Estimate, EstimateRow, Event, Naming, Night, NightLife, Nights,
    NodeDay, Nodes, PersonSum, PoolSum, Sum, data,
};

/// Names that somebody may have, or have chosen.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style><style>*{display:none}",
    "{{markup style}}",
    "</title></head><body onload=alert(1)>",
    "javascript:alert(1)//\u{202e}gpj.exe",
    "url(https://example.org/x)\u{0}",
];

fn usd(text: &str) -> Amount {
    Amount::from_decimal(text).unwrap()
}

fn sum(name: &str, amount: &str, idle: &str) -> Sum {
    Sum { name: name.into(), amount: usd(amount), idle: usd(idle) }
}

/// A chapter of 12 USD whose every text is a name.
fn chapter(name: &str) -> Chapter {
    let first = date(2026, 3, 21);
    let day = |more: i64| first.checked_add(more.days()).unwrap();
    let parts = |servers: &str, other: &str| vec![usd(servers), usd(other)];
    let row = |component: Option<&str>, likely: &str, billed: &str| EstimateRow {
        component: component.map(Into::into),
        low: usd("1"),
        likely: usd(likely),
        high: usd("20"),
        billed: usd(billed),
    };
    Chapter {
        hub: Some(name.into()),
        of: None,
        place: Some(name.into()),
        event: Some(Event { from: first, to: day(1), attendees: 3 }),
        currency: "USD".into(),
        days: (first, day(1)),
        total: usd("12"),
        by_day: vec![
            DaySum { date: first, parts: parts("5.000000000001", "1") },
            DaySum { date: day(1), parts: parts("6.999999999999", "-1") },
        ],
        components: vec![sum("servers", "12", "2"), sum(name, "0", "0")],
        people: vec![PersonSum { name: name.into(), amount: usd("9.000000000001"), days: 2 }],
        apart: vec![sum("idle", "2", "2"), sum("tax", "0.999999999999", "0")],
        egress: vec![EgressRow {
            way: name.into(),
            bill_bytes: Some(350_000_000),
            bill_cost: Some(usd("0.03")),
            note: Some(name.into()),
            ..EgressRow::default()
        }],
        estimate: Some(Estimate {
            rows: vec![row(Some(name), "10", "11"), row(None, "0", "1")],
            people: 3,
            days: 2,
            around: name.into(),
        }),
        budget: Some(budget(first)),
        nodes: Some(Nodes {
            days: vec![NodeDay { date: first, most: [1, 0, 2, 3, 4, 3, 2, 1], seconds: 90_000 }],
            pools: vec![PoolSum {
                pool: name.into(),
                machines: vec![name.into()],
                nodes: 4,
                most: 4,
                seconds: 90_000,
            }],
            by_pods: false,
        }),
        nights: Some(Nights {
            nights: vec![Night {
                date: first,
                busy_seconds: 7_200,
                empty_seconds: 3_600,
                servers: 1,
                clusters: 1,
            }],
            lives: vec![NightLife { who: name.into(), server: (1, 7_200), cluster: (0, 0) }],
        }),
        bills: vec!["Cost Explorer, 2026-03".into()],
        notes: vec![name.into()],
    }
}

fn budget(first: Date) -> Budget {
    Budget {
        total: usd("20"),
        window: (first, first.checked_add(4.days()).unwrap()),
        through: Some(first),
        days: vec![(first, usd("6"))],
        spent: usd("6"),
        per_day: Some(usd("6")),
        forecast: Some(usd("30")),
        range: Some((usd("25"), usd("35"))),
        ends: Some(first.checked_add(3.days()).unwrap()),
        passed: vec![(25, first)],
    }
}

fn page(chapters: Vec<Chapter>) -> Page {
    Page { made: date(2026, 4, 1), zone: "UTC".into(), naming: Naming::Names, chapters }
}

/// Names of elements, without what stands in the style and in charts.
fn elements(html: &str) -> Vec<String> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '/' || c == '!')).next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn nothing_that_somebody_typed_becomes_markup() {
    let mut harmless = elements(&html(&page(vec![chapter("ada")])).unwrap());
    harmless.sort();
    for name in HOSTILE {
        let text = html(&page(vec![chapter(name)])).unwrap();
        let mut found = elements(&text);
        found.sort();
        assert_eq!(found, harmless, "{name}");
        let several = html(&page(vec![chapter(name), chapter("ada")])).unwrap();
        let is_harmless = name.starts_with("{{");
        assert!(is_harmless || !(text + &several).contains(name), "{name}");
    }
    assert!(harmless.contains(&"svg".to_owned()) && !harmless.contains(&"script".to_owned()));
}

#[test]
fn a_page_asks_nobody_for_anything() {
    let text = html(&page(vec![chapter("lab")])).unwrap();
    for asks in
        ["://", "src=", "@import", "url(", "<script", "<iframe", "<object", "<form", " onload", "style=\""]
    {
        assert!(!text.contains(asks), "{asks}");
    }
    let style = text.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let digest = BASE64_STANDARD.encode(Sha256::digest(style)).replace('=', "&#x3D;");
    assert!(text.contains(&format!("style-src 'sha256-{digest}'")));
}

#[test]
fn a_plain_text_is_never_written_as_markup() {
    let error = TEMPLATES.render_template("{{markup name}}", &serde_json::json!({ "name": "<b>" }));
    assert!(error.unwrap_err().to_string().contains("cannot write this value"));
}

#[test]
fn ids_are_there_once_and_links_lead_somewhere() {
    let text = html(&page(vec![chapter("a"), chapter("b")])).unwrap();
    let after = |mark: &str| -> Vec<String> {
        text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let ids = after(" id=\"");
    let once: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), once.len());
    for link in after("href=\"#").into_iter().chain(
        after("labelledby=\"").iter().flat_map(|all| all.split(' ').map(str::to_owned).collect::<Vec<_>>()),
    ) {
        assert!(ids.contains(&link), "{link}");
    }
}

#[test]
fn parts_are_the_total_to_the_last_decimal() {
    assert_eq!(chapter("lab").check(), Ok(()));
    let wrong = |change: &dyn Fn(&mut Chapter)| {
        let mut chapter = chapter("lab");
        change(&mut chapter);
        chapter.check().unwrap_err().to_string()
    };
    let least = Amount::from_pico(1);
    let day = wrong(&|chapter| chapter.by_day[0].parts[0] = chapter.by_day[0].parts[0] + least);
    assert!(day.contains("days add up to 12.000000000001 USD, the bill is 12.00 USD"), "{day}");
    assert!(wrong(&|chapter| chapter.people[0].amount = chapter.people[0].amount + least).contains("people"));
    assert!(wrong(&|chapter| chapter.apart[0].amount = chapter.apart[0].amount - least).contains("people"));
    assert!(wrong(&|chapter| chapter.components[1].amount = least).contains("components"));
    assert!(wrong(&|chapter| chapter.by_day[0].parts.swap(0, 1)).contains("days of a component"));
}

#[test]
fn the_page_has_the_numbers_of_its_data() {
    let page = page(vec![chapter("lab")]);
    let text = html(&page).unwrap();
    for shown in
        ["12.00", "9.00", "350.00 MB", "6.00 USD, 30.0\u{a0}% of it, are spent", "It ends on 24 March 2026."]
    {
        assert!(text.contains(shown), "{shown}");
    }
    let data = data(&page);
    let hub = &data["hubs"][0];
    assert_eq!(hub["people"][0]["amount"], "9.000000000001");
    assert_eq!(hub["days"][1]["components"]["servers"], "6.999999999999");
    assert_eq!(hub["nights"]["nights"][0]["empty_node_seconds"], 3_600);
    assert_eq!(data["people_by"], "names");
}

#[test]
fn what_is_not_known_has_no_section() {
    let bare = Chapter {
        egress: Vec::new(),
        estimate: None,
        budget: None,
        nodes: None,
        nights: None,
        people: Vec::new(),
        apart: vec![sum("shared", "12", "0")],
        ..chapter("lab")
    };
    let text = html(&page(vec![bare])).unwrap();
    for absent in ["Bytes that moved", "At night", "Nodes over time", "Budget", "Estimated"] {
        assert!(!text.contains(absent), "{absent}");
    }
    assert!(text.contains("Nothing is known of people"));
}
