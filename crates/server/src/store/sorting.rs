//! Whose a conversation is: department, tags, and whom it is assigned to.
//!
//! **Invariant:** nobody is taken off a conversation without a line in the audit log.

use limpet_model::{Conversation, ConversationId, PracticeId, StaffId};
use limpet_wire::http::ConversationChange;
use serde_json::json;
use sqlx::AnyConnection;

use super::{Result, StoreError, Write, audit::Act, listings, row::Columns};

pub(super) fn log_assignee(write: &mut Write, id: ConversationId, assignee: Option<StaffId>) {
    write.log(Act::Changed, id, json!({ "assignee": assignee }));
}

/// Department and tags, which have to be there.
pub(super) async fn sort_into(
    connection: &mut AnyConnection,
    practice: PracticeId,
    conversation: &mut Conversation,
    change: &ConversationChange,
) -> Result<()> {
    if let Some(department) = change.department {
        if let Some(to) = department.to
            && !listings::exists(connection, practice, "department", &to.to_string()).await?
        {
            return Err(StoreError::Missing("department"));
        }
        conversation.department = department.to;
    }
    if let Some(tags) = &change.tags {
        for tag in tags.iter().filter(|tag| !conversation.tags.contains(tag)) {
            if !listings::exists(connection, practice, "tag", &tag.to_string()).await? {
                return Err(StoreError::Missing("tag"));
            }
        }
        conversation.tags = listings::once_each(tags);
    }
    Ok(())
}

/// Takes somebody who leaves off every open conversation. What was ended keeps who was responsible.
pub(super) async fn unassign(write: &mut Write, staff: StaffId) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let left = sqlx::query(
        "UPDATE conversations SET assignee_id = NULL, revision = $3 \
         WHERE practice_id = $1 AND assignee_id = $2 AND state = 'open' RETURNING id AS id",
    )
    .bind(practice.to_string())
    .bind(staff.to_string())
    .bind(revision.0)
    .fetch_all(write.connection())
    .await?;
    for row in &left {
        log_assignee(write, row.id("id")?, None);
    }
    Ok(())
}
