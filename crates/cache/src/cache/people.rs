//! Finding clients by their own words or by a patient's name.

use std::fmt::Write as _;

use limpet_model::Client;

use super::{Cache, client, overlay::search_terms};
use crate::CacheError;

impl Cache {
    /// Clients whose name, telephone, mail address or animals match every word, by name; `limit` rows at most.
    pub fn find_clients(&self, search: &str, limit: u32) -> Result<Vec<Client>, CacheError> {
        let terms = search_terms(search);
        // `?2 + n` is the full-text form of a word, `like` its form for rows that are not indexed yet.
        let mut wanted = String::from("1");
        for n in 0..terms.len() {
            let (fts, like) = (2 + 2 * n, 3 + 2 * n);
            let _ = write!(
                wanted,
                " AND (id IN (SELECT c.id FROM client_words w JOIN main.client c ON c.nr = w.rowid
                               WHERE w.client_words MATCH ?{fts})
                    OR id IN (SELECT p.client FROM patient_words w JOIN main.patient p ON p.nr = w.rowid
                               WHERE w.patient_words MATCH ?{fts})
                    OR id IN (SELECT id FROM temp.client_over WHERE name LIKE ?{like} OR phone LIKE ?{like}
                                  OR email LIKE ?{like})
                    OR id IN (SELECT client FROM temp.patient_over WHERE name LIKE ?{like}))"
            );
        }
        let columns = client::COLUMNS;
        let mut values: Vec<rusqlite::types::Value> = vec![i64::from(limit).into()];
        for term in terms {
            values.push(term.fts.into());
            values.push(term.like.into());
        }
        let conn = self.conn();
        let mut query = conn.prepare(&format!(
            "SELECT {columns} FROM client_now WHERE {wanted} ORDER BY name, id LIMIT ?1"
        ))?;
        let rows =
            query.query_map(rusqlite::params_from_iter(values), client::read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
