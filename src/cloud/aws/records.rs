//! The record that leads to a hub. Records carry no tags: one is the hub's if it is of the domain in the
//! hub file and leads to an address of the hub.

use reqwest::Method;
use serde_json::Value;

use super::endpoints::ROUTE53;
use super::session::{Ask, Aws};
use super::zones::ZONES;
use crate::cloud::http::Asked;
use crate::cloud::leftover::leads_to_hub;
use crate::cloud::read::{each, encode, text};
use crate::cloud::{Belongs, Hub, Kind, Leftover, Removal};

impl Aws {
    /// The hub's record; `known` has its addresses.
    pub(super) async fn record(&self, hub: &Hub, known: &[Leftover]) -> Asked<Option<Leftover>> {
        let Some(record) = &hub.record else { return Ok(None) };
        if !known.iter().any(|each| each.kind == Kind::Address) {
            return Ok(None);
        }
        let Some(zone) = self.public_zone(&record.zone).await? else { return Ok(None) };
        let set = self.record_set(&zone, &record.name).await?;
        let own = set.filter(|set| leads_to_hub(&values(set), known));
        Ok(own.map(|set| {
            let told = Leftover::new(Kind::Record, format!("{zone}/{}", record.name), Belongs::Name);
            told.named(&record.name).at("global").noted(format!("leads to {}", values(&set).join(", ")))
        }))
    }

    /// Route 53 API Reference, `ListResourceRecordSets`: the record of addresses of a domain; one of
    /// several between which Route 53 chooses is none of frazil's.
    pub(super) async fn record_set(&self, zone: &str, domain: &str) -> Asked<Option<Value>> {
        let pairs = [("name", domain), ("type", "A"), ("maxitems", "1")];
        let query = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let path = format!("{ZONES}/{}/rrset", encode(zone, true));
        let page = self
            .xml(ROUTE53, Ask { path, query, operation: "ListResourceRecordSets", ..Ask::default() })
            .await?;
        let sets = each(&page, "/ResourceRecordSets/ResourceRecordSet").into_iter();
        let mut same = sets.filter(|set| {
            text(set, "/Name").trim_end_matches('.') == domain
                && text(set, "/Type") == "A"
                && text(set, "/SetIdentifier").is_empty()
        });
        Ok(same.next().cloned())
    }

    /// Route 53 API Reference, `ChangeResourceRecordSets`: a record goes only with all that it says.
    pub(super) async fn delete_record(&self, id: &str) -> Asked<Removal> {
        let (zone, domain) = id.split_once('/').unwrap_or((id, ""));
        let Some(set) = self.record_set(zone, domain).await? else { return Ok(Removal::Gone) };
        let path = format!("{ZONES}/{}/rrset/", encode(zone, true));
        let operation = "ChangeResourceRecordSets";
        let headers = vec![("content-type", "application/xml".to_owned())];
        let ask =
            Ask { method: Method::POST, path, headers, body: removal(&set), operation, ..Ask::default() };
        self.send(ROUTE53, ask).await?;
        Ok(Removal::Gone)
    }
}

/// The addresses of a record.
pub(super) fn values(set: &Value) -> Vec<String> {
    each(set, "/ResourceRecords/ResourceRecord").into_iter().map(|one| text(one, "/Value")).collect()
}

/// A domain and addresses have no character that XML reserves.
fn removal(set: &Value) -> String {
    let value = |value: &String| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>");
    let values: String = values(set).iter().map(value).collect();
    let (name, ttl) = (text(set, "/Name"), text(set, "/TTL"));
    format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>\
         <Changes><Change><Action>DELETE</Action><ResourceRecordSet><Name>{name}</Name><Type>A</Type>\
         <TTL>{ttl}</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet></Change></Changes>\
         </ChangeBatch></ChangeResourceRecordSetsRequest>"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_goes_with_all_that_it_says() {
        let set = json!({ "Name": "hub.example.org.", "Type": "A", "TTL": "300",
            "ResourceRecords": { "ResourceRecord": { "Value": "192.0.2.7" } } });
        assert_eq!(values(&set), ["192.0.2.7"]);
        let body = removal(&set);
        assert!(body.contains("<Action>DELETE</Action>") && body.contains("<TTL>300</TTL>"), "{body}");
        assert!(body.contains("<Name>hub.example.org.</Name>") && body.contains("<Value>192.0.2.7</Value>"));
        assert!(roxmltree::Document::parse(&body).is_ok());
    }
}
