//! What a practice sorts its work by: departments, tags, and templates for replies.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{DepartmentId, TagId, TemplateId};

/// A department: reception, surgery, the night shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Department {
    /// Which.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// Where it stands among the others, smallest first.
    pub position: i32,
    /// Whether it is used no more. What has it keeps it.
    pub archived: bool,
}

/// A tag that staff mark conversations with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tag {
    /// Which.
    pub id: TagId,
    /// Its name.
    pub name: String,
    /// Where it stands among the others, smallest first.
    pub position: i32,
    /// Whether it is used no more. What has it keeps it.
    pub archived: bool,
}

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Template {
    /// Which.
    pub id: TemplateId,
    /// What staff find it by.
    pub title: String,
    /// The words, with placeholders such as `{{patient.name}}` ([`crate::PLACEHOLDERS`]).
    pub body: String,
    /// Language tag of the words.
    pub language: String,
    /// Whose it is; nobody's in particular when absent.
    pub department: Option<DepartmentId>,
    /// What a conversation is marked with when it is answered so.
    pub tags: Vec<TagId>,
    /// Where it stands among the others, smallest first.
    pub position: i32,
    /// Whether it is used no more.
    pub archived: bool,
}
