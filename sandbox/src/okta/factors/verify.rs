//! Verification: challenges and proofs.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{find, text};
use crate::http::{Answer, Ask, Reply};
use crate::okta::users::named;
use crate::okta::{Org, error, log, object};

/// `POST …/factors/{factor}/verify`
pub(super) fn verify(org: &mut Org, ask: &Ask, user: &str, factor: &str) -> Reply {
    ask.only_parameters(&["templateId", "tokenLifetimeSeconds"])?;
    let user = named(org, user)?;
    let factor = find(&user, factor)?.clone();
    if factor["status"] != "ACTIVE" {
        return Err(error::error(423, "E0000180", "The factor is not active.", &[]));
    }
    let body = if ask.body.is_empty() { Value::Null } else { Value::Object(object(ask)?) };
    let kind = text(&factor, "factorType");
    let proof = if kind == "question" { &body["answer"] } else { &body["passCode"] };
    match (kind, proof.as_str()) {
        ("push", _) => super::push::begin(org, ask, &user, &factor, &body),
        (_, Some(proof)) => {
            org.factors.codes.take(&factor, proof, ask.at)?;
            let target = vec![log::user_target(&user)];
            org.note(ask, "user.authentication.auth_via_mfa", "Authentication of user via MFA", target);
            Ok(Answer::json(200, &json!({"factorResult": "SUCCESS"})))
        }
        ("sms" | "call" | "email", None) => {
            org.factors.codes.send(ask, &factor, TimeDelta::seconds(300))?;
            let own = format!("{}/api/v1/users/{}/factors/{}", ask.base, user.id, text(&factor, "id"));
            Ok(Answer::json(
                200,
                &json!({
                    "factorResult": "CHALLENGE", "profile": factor["profile"],
                    "_links": {"verify": {"href": format!("{own}/verify"), "hints": {"allow": ["POST"]}}},
                }),
            ))
        }
        ("webauthn" | "u2f" | "token" | "web", _) => Err(ask.not_modelled("verification of such a factor")),
        _ => {
            let cause = "passCode: The field cannot be left blank".to_owned();
            Err(error::validation("factorVerifyRequest", &[cause]))
        }
    }
}
