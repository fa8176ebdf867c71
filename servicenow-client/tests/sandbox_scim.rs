//! SCIM, mail and role inheritance on a ServiceNow stand-in: the same rows as the Table API has, seen from another side.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use sandbox::Sandbox;
use serde_json::{Value as Json, json};
use servicenow_client::email::{EmailKind, NewEmail};
use servicenow_client::scim::{Filter, Patch, Provisioned as _, Reference, User};
use servicenow_client::tables::{SysUser, SysUserGroup};
use servicenow_client::{Call, Path, ProblemKind, Query, Request, ServiceNowClient, SysId};

async fn start() -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(30).new_hires(0).start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .build()
        .unwrap();
    (sandbox, servicenow)
}

async fn count(servicenow: &ServiceNowClient, filter: Filter) -> usize {
    servicenow.scim().users().list().filter(filter).collect_all().await.unwrap().rows.len()
}

/// A record as the sandbox holds it.
fn held(sandbox: &Sandbox, table: &str, field: &str, value: &str) -> Option<Json> {
    let state = sandbox.state();
    state["servicenow"][table].as_array().unwrap().iter().find(|row| row[field] == value).cloned()
}

#[tokio::test]
async fn scim_and_the_table_api_see_the_same_people() {
    let (_sandbox, servicenow) = start().await;
    let all = servicenow.scim().users().list().page_size(7).collect_all().await.unwrap();
    assert!(all.complete);
    let table = servicenow.table::<SysUser>().list(Query::all()).collect_all().await.unwrap();
    assert_eq!(all.rows.len(), table.rows.len());
    for row in &table.rows {
        let user = all.rows.iter().find(|user| user.id == row.sys_id).unwrap();
        assert_eq!(user.user_name.as_deref(), row.user_name.as_str());
        assert_eq!(user.active.as_ref(), row.active.get());
        let manager = user.extension.as_ref().and_then(|extension| extension.manager.as_ref());
        assert_eq!(manager.map(|manager| manager.value.as_str()), row.manager.get().map(|m| m.id().as_str()));
    }
}

#[tokio::test]
async fn a_person_is_provisioned_changed_and_let_go() {
    let (sandbox, servicenow) = start().await;
    let users = servicenow.scim().users();
    let department = servicenow.scim().departments().list().collect_all().await.unwrap().rows.remove(0);
    let ann = users
        .create(&json!({
            "userName": "ann.lee", "externalId": "00u1", "userType": "Contractor",
            "name": { "givenName": "Ann", "familyName": "Lee" },
            "emails": [{ "type": "work", "value": "ann.lee@example.com" }],
            User::EXTENSION: { "employeeNumber": "E7", "department": Reference::from(&department.id) },
        }))
        .await
        .unwrap();
    assert_eq!(ann.display_name.as_deref(), Some("Ann Lee"));
    let row = held(&sandbox, "sys_user", "user_name", "ann.lee").unwrap();
    assert_eq!((&row["email"], &row["employee_number"]), (&json!("ann.lee@example.com"), &json!("E7")));
    assert_eq!(row["department"], department.id.as_str());
    assert_eq!(held(&sandbox, "sys_scim_user", "user", ann.id.as_str()).unwrap()["external_id"], "00u1");

    let found = users.find_by_external_id("00u1").await.unwrap().unwrap();
    assert_eq!(found, users.find_by_user_name("ANN.LEE").await.unwrap().unwrap());
    assert!(users.find_by_external_id("00u2").await.unwrap().is_none());
    let twin = users.create(&json!({ "userName": "ann.lee" })).await.unwrap_err();
    assert!(twin.is_conflict(), "{twin}");

    let patch = Patch::new()
        .add("phoneNumbers", json!([{ "type": "mobile", "value": "1" }]))
        .replace("name.familyName", "Smith")
        .replace_all(&json!({ User::EXTENSION: { "employeeNumber": "E8" } }))
        .remove("userType");
    let ann = users.patch(&ann.id, patch).await.unwrap();
    let row = held(&sandbox, "sys_user", "user_name", "ann.lee").unwrap();
    assert_eq!((&row["last_name"], &row["mobile_phone"]), (&json!("Smith"), &json!("1")));
    assert_eq!((&row["employee_number"], &row["department"]), (&json!("E8"), &json!(department.id)), "kept");
    assert_eq!((ann.user_type, ann.external_id.as_deref()), (None, Some("00u1")));

    // Read, change, replace: what was not there any more is cleared, the rest stays.
    let mut ann = users.get(&ann.id).await.unwrap();
    ann.phone_numbers = None;
    ann.title = Some("Lead".into());
    let ann = users.replace(&ann.id, &ann).await.unwrap();
    let row = held(&sandbox, "sys_user", "user_name", "ann.lee").unwrap();
    assert_eq!(
        (&row["mobile_phone"], &row["title"], &row["department"]),
        (&json!(""), &json!("Lead"), &json!(department.id))
    );

    // Offboarding is a change, and not a deletion.
    let gone = users.patch(&ann.id, Patch::new().replace("active", false)).await.unwrap();
    assert_eq!(gone.active, Some(false));
    assert_eq!(held(&sandbox, "sys_user", "user_name", "ann.lee").unwrap()["locked_out"], "true");
    users.erase(&ann.id, "ann.lee").await.unwrap();
    assert!(held(&sandbox, "sys_user", "user_name", "ann.lee").is_none());
    assert!(users.get(&ann.id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_active_user_is_not_erased() {
    let (sandbox, servicenow) = start().await;
    let users = servicenow.scim().users();
    let somebody = users.list().collect_all().await.unwrap().rows.remove(3);
    let name = somebody.user_name.unwrap();
    users.erase(&somebody.id, &name).await.unwrap_err();
    users.patch(&somebody.id, Patch::new().replace("active", false)).await.unwrap();
    users.erase(&somebody.id, "somebody.else").await.unwrap_err();
    assert!(held(&sandbox, "sys_user", "user_name", &name).is_some());
}

#[tokio::test]
async fn a_groups_members_are_memberships() {
    let (sandbox, servicenow) = start().await;
    let groups = servicenow.scim().groups();
    let people = servicenow.scim().users().list().collect_all().await.unwrap().rows;
    let member = |n: usize| Reference::from(&people[n].id);
    let desk = groups
        .create(
            &json!({ "displayName": "Night Desk", "externalId": "00g1", "members": [member(0), member(1)] }),
        )
        .await
        .unwrap();
    assert_eq!(desk.members.as_ref().map(Vec::len), Some(2));
    for silent in [false, true] {
        sandbox.change_habits(|habits| habits.scim_group_patch_says_nothing = silent);
        let other = if silent { 3 } else { 2 };
        let patch = Patch::new().replace("members", vec![member(1), member(other)]);
        let desk = groups.patch(&desk.id, patch).await.unwrap();
        let names: Vec<_> = desk.members.unwrap().into_iter().map(|member| member.value).collect();
        assert!(names.len() == 2 && names.contains(&people[other].id.to_string()), "{names:?}");
    }
    let rows = servicenow.records("sys_user_grmember").unwrap();
    let rows = rows.list(Query::new().eq("group", &desk.id)).collect_all().await.unwrap();
    assert_eq!(rows.rows.len(), 2);
    assert_eq!(groups.find_by_external_id("00g1").await.unwrap().unwrap().id, desk.id);
    let twin = groups.create(&json!({ "displayName": "Night Desk" })).await.unwrap_err();
    assert!(twin.is_conflict());
    let light = groups.list().filter(Filter::eq("displayName", "night desk")).without(["members"]);
    assert_eq!(light.collect_all().await.unwrap().rows[0].members, None);
    groups.delete(&desk.id).await.unwrap();
    assert!(servicenow.table::<SysUserGroup>().find(&desk.id).await.unwrap().is_none());
}

#[tokio::test]
async fn filters_select_what_they_say() {
    let (_sandbox, servicenow) = start().await;
    let users =
        servicenow.table::<SysUser>().list(Query::new().is_not_empty("title")).collect_all().await.unwrap();
    let somebody = &users.rows[4];
    let title = somebody.title.as_str().unwrap();
    let same = users.rows.iter().filter(|user| user.title.as_str() == Some(title)).count();
    assert_eq!(count(&servicenow, Filter::eq("title", title.to_uppercase())).await, same);
    let email = somebody.email.as_str().unwrap();
    assert_eq!(count(&servicenow, Filter::work_email(email)).await, 1);
    assert_eq!(count(&servicenow, Filter::work_email(email).and(Filter::ne("title", title))).await, 0);
    let extended = format!("{}:employeeNumber", User::EXTENSION);
    let number = somebody.employee_number.as_str().unwrap();
    assert_eq!(count(&servicenow, Filter::eq(&extended, number)).await, 1);
    assert_eq!(count(&servicenow, Filter::present("title")).await, users.rows.len());
    assert_eq!(
        count(
            &servicenow,
            Filter::gt(
                "meta.created",
                chrono::DateTime::<chrono::Utc>::MAX_UTC.min("2100-01-01T00:00:00Z".parse().unwrap())
            )
        )
        .await,
        0
    );
    assert_eq!(
        count(
            &servicenow,
            Filter::starts_with("userName", "").and(Filter::ends_with("userName", "@nowhere"))
        )
        .await,
        0
    );
}

#[tokio::test]
async fn the_instance_refuses_in_both_shapes() {
    let (sandbox, servicenow) = start().await;
    let nobody: SysId = "0".repeat(32).parse().unwrap();
    for at_the_top in [false, true] {
        sandbox.change_habits(|habits| habits.scim_errors_at_the_top = at_the_top);
        // The client would not send a page of 501; this is what the instance would say.
        let request = Request::get(Path::new("/api/now/scim/Users")).query("count", 501);
        let error = servicenow.send(&Call::<Json>::read("test.scim", request)).await.unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!((problem.status.as_u16(), problem.detail.as_deref()), (400, Some("invalidValue")));
        assert!(problem.message.contains("500"), "{problem}");
        let users = servicenow.scim().users();
        assert!(users.get(&nobody).await.unwrap_err().is_not_found());
        let odd = users.list().filter(Filter::raw("not (active eq true)")).collect_all().await.unwrap_err();
        assert_eq!(odd.problem().unwrap().detail.as_deref(), Some("invalidFilter"));
    }
}

#[tokio::test]
async fn a_missing_plugin_is_told_apart() {
    let (sandbox, servicenow) = start().await;
    let config = servicenow.scim().service_provider_config().await.unwrap();
    assert_eq!((config.patch.supported, config.bulk.supported), (Some(true), Some(false)));
    assert_eq!(config.filter.extra["maxResults"], 500);
    assert_eq!(servicenow.scim().resource_types().await.unwrap()[0].endpoint.as_deref(), Some("/Users"));
    assert_eq!(servicenow.scim().schemas().await.unwrap()[1].id, User::EXTENSION);
    sandbox.change_habits(|habits| habits.scim_is_missing = true);
    let error = servicenow.scim().service_provider_config().await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::UnknownResource);
    assert!(error.problem().unwrap().hint().contains("plugin"));
}

#[tokio::test]
async fn a_mail_is_kept_where_mails_are() {
    let (sandbox, servicenow) = start().await;
    let about: SysId = "136b2140bd0312004d7d1371f1abbdb6".parse().unwrap();
    let mail =
        NewEmail::new("Welcome").to("Ann Lee <ann.lee@example.com>").cc("max@example.com").text("Hello");
    let id = servicenow.email().send(&mail.about("sc_req_item", &about).header("X-Run", "7")).await.unwrap();
    let row = held(&sandbox, "sys_email", "sys_id", id.as_str()).unwrap();
    assert_eq!(
        (&row["recipients"], &row["copied"]),
        (&json!("Ann Lee <ann.lee@example.com>"), &json!("max@example.com"))
    );
    assert_eq!((&row["target_table"], &row["instance"]), (&json!("sc_req_item"), &json!(about)));
    let mail = servicenow.email().get(&id).await.unwrap();
    assert_eq!((mail.kind, mail.subject.as_deref()), (EmailKind::SendReady, Some("Welcome")));
    assert!(mail.cc == ["max@example.com"] && mail.bcc.is_empty() && mail.headers["X-Run"] == "7");
    assert!(servicenow.email().get(&about).await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn why_somebody_has_a_role() {
    let (sandbox, servicenow) = start().await;
    let add = |table: &str, row: Json| sandbox.add_records(table, [row]).unwrap().remove(0);
    let [reader, writer, keeper] =
        ["u_reader", "u_writer", "u_keeper"].map(|name| add("sys_user_role", json!({ "name": name })));
    add("sys_user_role_contains", json!({ "role": keeper, "contains": writer }));
    add("sys_user_role_contains", json!({ "role": writer, "contains": reader }));
    // A circle, as nobody should make one.
    add("sys_user_role_contains", json!({ "role": reader, "contains": keeper }));
    let group = add("sys_user_group", json!({ "name": "Records/Keepers [EU]" }));
    add("sys_group_has_role", json!({ "group": group, "role": keeper }));
    let user = add("sys_user", json!({ "user_name": "ann.lee", "last_name": "Lee" }));
    add("sys_user_grmember", json!({ "group": group, "user": user }));
    add("sys_user_has_role", json!({ "user": user, "role": writer }));

    let inheritance = servicenow.role_inheritance(&user.parse().unwrap()).await.unwrap();
    assert!(inheritance.roles().into_iter().eq(["u_keeper", "u_reader", "u_writer"]));
    let why: Vec<_> = inheritance.why("u_reader").map(|path| (path.group.as_deref(), path.given())).collect();
    assert_eq!(why, [(Some("Records/Keepers [EU]"), "u_keeper"), (None, "u_writer")]);

    let nobody = "0".repeat(32).parse().unwrap();
    assert!(servicenow.role_inheritance(&nobody).await.unwrap_err().is_not_found());
    sandbox.change_habits(|habits| habits.role_inheritance_is_missing = true);
    let error = servicenow.role_inheritance(&nobody).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::UnknownResource);
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("\\\"".to_owned()),
        Just("\" or active eq true or title eq \"".to_owned()),
        Just("\" and active eq true".to_owned()),
        Just("] or id pr".to_owned()),
        Just(")".to_owned()),
        Just("\r\n\0\u{2028}".to_owned()),
        ".{1,6}",
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// Values that no user has never select one, whatever they hold; and the one who has them is found by them. It is the
/// sandbox's own reading of the filter that says so.
#[test]
fn no_value_leaves_its_quotes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (sandbox, servicenow) = runtime.block_on(start());
    let id = sandbox
        .add_records("sys_user", [json!({ "user_name": "target", "last_name": "T" })])
        .unwrap()
        .remove(0);
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    runner
        .run(&hostile(), |value| {
            sandbox
                .edit_record("sys_user", &id, &json!({ "title": "nothing of the kind", "email": "" }))
                .unwrap();
            let found = |filter: Filter| runtime.block_on(count(&servicenow, filter));
            for filter in
                [Filter::eq("title", &value), Filter::work_email(&value), Filter::eq("externalId", &value)]
            {
                prop_assert_eq!(found(filter), 0, "{:?}", value);
            }
            sandbox.edit_record("sys_user", &id, &json!({ "title": value, "email": value })).unwrap();
            let marked = Filter::eq("userName", "target");
            prop_assert_eq!(found(Filter::eq("title", &value)), 1);
            prop_assert_eq!(found(Filter::work_email(&value).and(marked.clone())), 1);
            prop_assert_eq!(found(marked.and(Filter::ne("title", &value))), 0);
            Ok(())
        })
        .unwrap();
}
