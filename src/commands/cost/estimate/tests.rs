use jiff::civil::date;

use super::*;

fn args() -> EstimateArgs {
    let files = crate::cli::HubFiles { files: Vec::new() };
    EstimateArgs {
        files,
        attendees: None,
        days: None,
        hours: None,
        assume: Vec::new(),
        billed: false,
        from: None,
        to: None,
        ledger: None,
        region: Vec::new(),
    }
}

fn hub(more: &str) -> HubFile {
    let text =
        format!("name: lab\nprovider: {{ aws: {{ account: \"123456789012\", region: us-west-2 }} }}\n{more}");
    serde_yaml::from_str(&text).unwrap()
}

fn estimated(hub: &HubFile, args: &EstimateArgs) -> Result<Estimate> {
    of(hub, args, date(2026, 11, 2))
}

const EVENT: &str = "event: { from: 2027-03-22, to: 2027-03-26, attendees: 80 }\n";

#[test]
fn people_and_days_are_the_events_unless_said() {
    let people = |hub: &HubFile, args: EstimateArgs| estimated(hub, &args).map(|estimate| estimate.people);
    let event = hub(EVENT);
    assert_eq!(people(&event, args()).unwrap(), Some(People { attendees: 80, days: 5 }));
    let said = EstimateArgs { attendees: Some(20), ..args() };
    assert_eq!(people(&event, said.clone()).unwrap(), Some(People { attendees: 20, days: 5 }));
    let none = hub("");
    assert_eq!(people(&none, args()).unwrap(), None);
    assert!(people(&none, said).unwrap_err().to_string().contains("how many days"));
    let both = EstimateArgs { attendees: Some(20), days: Some(3), ..args() };
    assert_eq!(people(&none, both).unwrap(), Some(People { attendees: 20, days: 3 }));
}

#[test]
fn the_other_cloud_is_beside_or_the_regions_that_are_named() {
    let names = |args: EstimateArgs| {
        let estimate = estimated(&hub(""), &args).unwrap();
        estimate.sites.iter().map(Site::name).collect::<Vec<_>>()
    };
    assert_eq!(names(args()), ["aws/us-west-2", "gcp/us-west1"]);
    let region = ["us-east-1", "europe-west4", "us-west-2"].map(str::to_owned).to_vec();
    assert_eq!(
        names(EstimateArgs { region, ..args() }),
        ["aws/us-west-2", "aws/us-east-1", "gcp/europe-west4"]
    );
    let wrong = EstimateArgs { region: vec!["us-west-22".to_owned()], ..args() };
    let error = estimated(&hub(""), &wrong).unwrap_err();
    assert!(error.hints()[0].contains("us-west"), "{:?}", error.hints());
}

#[test]
fn each_number_of_the_data_is_exact_and_adds_up() {
    let estimate = estimated(&hub(EVENT), &args()).unwrap();
    let data = data::estimate(&estimate, None);
    for site in data["sites"].as_array().unwrap() {
        let amount = |value: &Value| frazil_units::Amount::from_decimal(value.as_str().unwrap()).unwrap();
        let lines = site["base"]["lines"].as_array().unwrap().iter();
        let month: frazil_units::Amount =
            lines.filter(|line| line["kept"] == "always").map(|line| amount(&line["usd_per_month"])).sum();
        assert_eq!(month, amount(&site["base"]["usd_per_month"]));
        for case in ["low_usd", "likely_usd", "high_usd"] {
            for parts in ["parts", "components"] {
                let parts = site["event"][parts].as_array().unwrap().iter();
                let sum: frazil_units::Amount = parts.map(|part| amount(&part["usd"][case])).sum();
                assert_eq!(sum, amount(&site["event"]["total"][case]));
            }
        }
    }
}

#[test]
fn where_no_cloud_bills_it_says_so() {
    for (provider, words) in
        [("{ local: {} }", "no cloud bills it"), ("{ kubernetes: { context: lab } }", "already")]
    {
        let hub: HubFile = serde_yaml::from_str(&format!("name: lab\nprovider: {provider}\n")).unwrap();
        let estimate = estimated(&hub, &args()).unwrap();
        assert!(estimate.sites.is_empty());
        assert!(text::estimate(&estimate, Layout::default()).contains(words));
        let region = vec!["us-west-2".to_owned()];
        let priced = estimated(&hub, &EstimateArgs { region, ..args() }).unwrap();
        assert_eq!(priced.sites.len(), 1);
    }
}
