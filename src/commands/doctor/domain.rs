//! Whether a hub's domain leads to the zone in which its record is made.

use super::{Check, Verdict};
use crate::cloud::Zone;
use crate::provision::cloud::HubName;

/// What is looked at, and what for.
const PURPOSE: &str = "people's way to the hub";

/// Compares the zone of the hub file with the one that everybody is led to.
pub(super) fn check(name: &HubName) -> Check {
    let domain = &name.domain;
    let note = |found: String| Check::new(domain, PURPOSE, Verdict::Note, found, "ask again later");
    let public = match &name.public {
        Ok(public) => public.as_ref(),
        Err(error) => return note(format!("not known: {error}")),
    };
    match &name.zone {
        Some((_, Err(error))) => note(format!("not known: {error}")),
        Some((zone, Ok(None))) => {
            let found = format!("there is no public zone `{zone}` in the account");
            let fix = "name another one in `dns.zone`, or make it in the cloud's console";
            Check::new(domain, PURPOSE, Verdict::Missing, found, fix)
        }
        Some((_, Ok(Some(zone)))) => in_own_zone(domain, zone, public),
        None => anywhere(domain, public),
    }
}

fn in_own_zone(domain: &str, zone: &Zone, public: Option<&Zone>) -> Check {
    let serves = |public: &&Zone| {
        public.domain == zone.domain && public.servers.iter().any(|server| zone.servers.contains(server))
    };
    if public.is_some_and(|public| serves(&public)) {
        let found = format!("{} is served by its zone", zone.domain);
        return Check::new(domain, PURPOSE, Verdict::Ok, found, "");
    }
    let found = match public {
        None => format!("{} is delegated to nobody", zone.domain),
        Some(public) => format!("{} is served by {}", public.domain, public.servers.join(", ")),
    };
    let fix = format!(
        "where {} is registered, or in the zone above it, name its name servers: {}",
        zone.domain,
        zone.servers.join(", ")
    );
    Check::new(domain, PURPOSE, Verdict::Missing, found, fix)
}

fn anywhere(domain: &str, public: Option<&Zone>) -> Check {
    let Some(public) = public else {
        let found = format!("no zone on the way to {domain} is delegated");
        let fix = "register the domain, or choose one below a domain of yours";
        return Check::new(domain, PURPOSE, Verdict::Missing, found, fix);
    };
    let found = format!("its record belongs in {}, served by {}", public.domain, public.servers.join(", "));
    Check::new(domain, PURPOSE, Verdict::Ok, found, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn zone(domain: &str, server: &str) -> Zone {
        Zone::new(domain, [format!("{server}.")])
    }

    fn of(own: Option<Zone>, public: Option<Zone>) -> Check {
        let zone = Some(("example-org".to_owned(), Ok(own)));
        check(&HubName { domain: "hub.example.org".to_owned(), zone, public: Ok(public) })
    }

    #[test]
    fn a_zone_counts_when_everybody_is_led_to_it() {
        let own = || Some(zone("example.org", "ns-1.awsdns-1.org"));
        assert_eq!(of(own(), own()).verdict, Verdict::Ok);
        let elsewhere = of(own(), Some(zone("example.org", "ns.registrar.example")));
        assert_eq!(elsewhere.verdict, Verdict::Missing);
        assert!(elsewhere.found.contains("ns.registrar.example"), "{}", elsewhere.found);
        assert!(elsewhere.fix.contains("ns-1.awsdns-1.org"), "{}", elsewhere.fix);
        let deeper = of(own(), Some(zone("hub.example.org", "ns-1.awsdns-1.org")));
        assert_eq!(deeper.verdict, Verdict::Missing, "the record would stand in the wrong zone");
        assert!(of(own(), None).found.contains("delegated to nobody"));
        assert!(of(None, own()).found.contains("`example-org`"));
    }

    #[test]
    fn what_is_not_known_is_no_fault() {
        let name = HubName {
            domain: "hub.example.org".to_owned(),
            zone: None,
            public: Err(Error::failed("no answer")),
        };
        assert_eq!(check(&name).verdict, Verdict::Note);
    }

    #[test]
    fn without_a_zone_of_ones_own_it_says_where_the_record_belongs() {
        let of =
            |public| check(&HubName { domain: "hub.example.org".to_owned(), zone: None, public: Ok(public) });
        assert!(of(Some(zone("example.org", "ns.x.example"))).found.contains("belongs in example.org"));
        assert_eq!(of(None).verdict, Verdict::Missing);
    }
}
