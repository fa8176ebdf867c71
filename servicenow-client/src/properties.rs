//! Settings of an instance, as far as they may be read.

use std::collections::BTreeMap;
use std::fmt;

use crate::client::ServiceNowClient;
use crate::problem::Result;
use crate::query::Query;
use crate::tables::SysProperties;

/// The properties that tell the release.
const NAME: &str = "glide.buildname";
const BUILD: &str = "glide.buildtag.last";
const WAR: &str = "glide.war";

impl ServiceNowClient {
    /// System properties, by name. `GET /api/now/table/sys_properties`.
    ///
    /// Those that do not exist are left out, and those that may not be read too: most may not. Nothing at all is no
    /// error either.
    ///
    /// # Errors
    ///
    /// What the call met, but not that it may not be made.
    pub async fn properties<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<BTreeMap<String, String>> {
        let query = Query::new().one_of("name", names);
        let rows = match self.table::<SysProperties>().list(query).collect_all().await {
            Ok(list) => list.rows,
            Err(error) if error.is_forbidden() => Vec::new(),
            Err(error) => return Err(error),
        };
        let pair = |row: SysProperties| Some((row.name.into_option()?, row.value.into_option()?));
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// The release that the instance runs, if it may be known.
    ///
    /// # Errors
    ///
    /// What the call met, but not that it may not be made.
    pub async fn release(&self) -> Result<Option<Release>> {
        let mut found = self.properties([NAME, BUILD, WAR]).await?;
        let name = found.remove(NAME);
        let build = found.remove(BUILD).or_else(|| found.remove(WAR));
        let known = name.is_some() || build.is_some();
        Ok(known.then_some(Release { name, build }))
    }
}

/// A release of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Release {
    /// Its name: `Yokohama`. In the order of the alphabet, from the second `Australia` on anew.
    pub name: Option<String>,
    /// The build: `glide-yokohama-12-18-2024__patch3-04-09-2025`.
    pub build: Option<String>,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.build) {
            (Some(name), Some(build)) => write!(f, "{name} ({build})"),
            (one, other) => f.write_str(one.as_ref().or(other.as_ref()).map_or("unknown", String::as_str)),
        }
    }
}
