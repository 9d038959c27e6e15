//! Groups of people: range answers of Prometheus, as jupyterhub-groups-exporter has them.

use super::prometheus::series;
use super::source::{Text, ToldError};
use super::{Membership, Told};

/// Groups of a file: a range answer of `jupyterhub_user_group_info`, with `username` and `usergroup`.
///
/// # Errors
/// When it is none.
pub fn groups(file: &Text, hub: Option<&str>) -> Result<Told, ToldError> {
    let mut memberships = Vec::new();
    for each in series(file)? {
        let Some(hub) = each.hub(file, hub)? else { continue };
        let needed =
            |key: &str| each.label(key).ok_or_else(|| file.wrong_row(each.row, format!("no `{key}`")));
        let (user, group) = (needed("username")?, needed("usergroup")?);
        for (time, value) in &each.values {
            let day = each.day(file, *time)?;
            if value.pico > 0 {
                memberships.push(Membership {
                    hub: hub.clone(),
                    day,
                    user: user.to_owned(),
                    group: group.to_owned(),
                });
            }
        }
    }
    memberships.sort_by(|a, b| (&a.hub, a.day, &a.user, &a.group).cmp(&(&b.hub, b.day, &b.user, &b.group)));
    memberships.dedup();
    Ok(Told { memberships, ..Told::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_in_a_group_while_the_series_says_so() {
        let text = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"namespace":"lab","username":"ada","usergroup":"ice"},"values":[[0,"1"],[60,"1"],[86400,"0"]]}]}}"#;
        let told = groups(&Text { name: "g.json".into(), text: text.into() }, None).unwrap();
        let ada = Membership { hub: "lab".into(), day: 0, user: "ada".into(), group: "ice".into() };
        assert_eq!(told.memberships, [ada]);
    }
}
