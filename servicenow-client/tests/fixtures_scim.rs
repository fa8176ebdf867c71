//! ServiceNow's own examples of SCIM, mail and role inheritance, through the whole client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, fixture, scripted};
use serde_json::Value as Json;
use servicenow_client::SysId;
use servicenow_client::email::{EmailKind, NewEmail};
use servicenow_client::scim::{Patch, User};

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

/// What was read is, written again, what came: nothing is lost, but what references are called.
fn assert_kept(user: &User, body: &str) {
    let mut came: Json = serde_json::from_str(body).unwrap();
    if let Some(extension) = came.get_mut("urn:ietf:params:scim:schemas:extension:servicenow:2.0:User") {
        for (_, value) in extension.as_object_mut().unwrap() {
            if let Some(reference) = value.as_object_mut() {
                reference.retain(|name, _| name == "value");
            }
        }
    }
    assert_eq!(serde_json::to_value(user).unwrap(), came);
}

#[tokio::test]
async fn a_published_user_is_read() {
    let Some(body) = fixture("docs/scim_user_get.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(200, &body)]);
    let user = servicenow.scim().users().get(&id("62826bf03710200044e0bfc8bcbe5df1")).await.unwrap();
    assert_eq!(user.user_name.as_deref(), Some("abel.tuter"));
    assert_eq!(user.active, Some(true));
    assert_eq!(user.emails.as_ref().unwrap()[0].value.as_deref(), Some("abel.tuter@example.com"));
    let extension = user.extension.as_ref().unwrap();
    let department = extension.department.as_ref().unwrap();
    assert_eq!(department.value, "9a7ed3f03710200044e0bfc8bcbe5db7");
    assert_eq!(department.name.as_deref(), Some("Product Management"));
    assert_eq!(user.meta.as_ref().unwrap().created.unwrap().to_string(), "2012-02-18 03:04:52 UTC");
    assert_kept(&user, &body);
}

#[tokio::test]
async fn a_published_creation_is_read() {
    let Some(body) = fixture("docs/scim_user_create.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(201, &body)]);
    let user =
        servicenow.scim().users().create(&serde_json::json!({ "userName": "jack.sparrow" })).await.unwrap();
    assert_eq!(user.external_id.as_deref(), Some("123456"));
    assert_eq!(user.phone_numbers.as_ref().unwrap()[0].kind.as_deref(), Some("mobile"));
    assert_kept(&user, &body);
}

#[tokio::test]
async fn a_published_change_is_read() {
    let Some(body) = fixture("docs/scim_user_patch_response.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(200, &body)]);
    let user = servicenow.scim().users();
    let user =
        user.patch(&id("005d500b536073005e0addeeff7b12f4"), Patch::new().remove("title")).await.unwrap();
    assert_eq!(user.extension.as_ref().unwrap().employee_number.as_deref(), Some("13454"));
    assert_kept(&user, &body);
}

#[tokio::test]
async fn a_published_list_is_read() {
    let Some(body) = fixture("docs/scim_users_list.json") else { return };
    let mut last: Json = serde_json::from_str(&body).unwrap();
    last["totalResults"] = 2.into();
    let (servicenow, _, _) = scripted([Answer::json(200, last)]);
    let all = servicenow.scim().users().list().collect_all().await.unwrap();
    let names: Vec<_> = all.rows.iter().filter_map(|user| user.display_name.as_deref()).collect();
    assert_eq!(names, ["Sean Bonnet", "Jacinto Gawron"]);
    assert!(all.complete);
}

#[tokio::test]
async fn published_mails_are_read() {
    let (Some(sent), Some(got)) = (fixture("docs/email_post.json"), fixture("docs/email_get.json")) else {
        return;
    };
    let (servicenow, _, _) = scripted([Answer::json(200, sent), Answer::json(200, got)]);
    let made = servicenow.email().send(&NewEmail::new("Hello").to("user1@example.com")).await.unwrap();
    assert_eq!(made.as_str(), "b963219a44b02200964f63773cd6adfc");
    let mail = servicenow.email().get(&id("06e095427f0022007f005212bdfa91b3")).await.unwrap();
    assert_eq!((&mail.kind, mail.state.as_deref()), (&EmailKind::SendReady, Some("ready")));
    assert_eq!(mail.to, ["alejandro.mascall@example.com"]);
    assert!(mail.cc.is_empty() && mail.bcc.is_empty());
    assert_eq!(mail.headers["X-ServiceNow-SysEmail-Version"], "2");
    let shown = format!("{mail:?}");
    assert!(!shown.contains("alejandro") && !shown.contains("INC0000005"), "{shown}");
}

#[tokio::test]
async fn a_published_inheritance_is_read() {
    let Some(body) = fixture("docs/user_role_inheritance.json") else { return };
    let (servicenow, script, _) = scripted([Answer::json(200, body)]);
    let abel = id("62826bf03710200044e0bfc8bcbe5df1");
    let inheritance = servicenow.role_inheritance(&abel).await.unwrap();
    assert_eq!(script.parameter(0, "user_sysid").as_deref(), Some(abel.as_str()));
    assert_eq!(inheritance.user_name.as_deref(), Some("abel.tuter"));
    let why: Vec<_> = inheritance.why("sn_azure.user").map(ToString::to_string).collect();
    assert_eq!(why, ["[Azure Operators]/sn_azure.operator/sn_azure.user", "/cloud_user/sn_azure.user"]);
    let given: Vec<_> =
        inheritance.why("sn_azure.user").map(|path| (path.group.as_deref(), path.given())).collect();
    assert_eq!(given, [(Some("Azure Operators"), "sn_azure.operator"), (None, "cloud_user")]);
    let all = ["aws_user", "cloud_user", "pa_viewer", "sn_azure.operator", "sn_azure.user", "snc_internal"];
    assert!(inheritance.roles().into_iter().eq(all));
}
