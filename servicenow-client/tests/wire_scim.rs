//! SCIM: what is sent, and what is made of answers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, scripted};
use futures::StreamExt as _;
use serde_json::{Value as Json, json};
use servicenow_client::scim::{Filter, Group, Patch, Provisioned as _, User};
use servicenow_client::{Delivery, Error, Failure, ProblemKind, SysId};

const ID: &str = "62826bf03710200044e0bfc8bcbe5df1";

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn user(id: &str, name: &str) -> Json {
    json!({ "schemas": [User::CORE], "id": id, "userName": name })
}

fn page(total: u64, users: &[&str]) -> Answer {
    let users: Vec<Json> = users.iter().map(|name| user(name, name)).collect();
    Answer::json(200, json!({ "totalResults": total, "Resources": users, "itemsPerPage": users.len() }))
}

fn kind(error: &Error) -> ProblemKind {
    error.problem().unwrap().kind.clone()
}

#[tokio::test]
async fn a_list_is_paged_by_position() {
    let (servicenow, script, _) = scripted([page(5, &["a", "b"]), page(5, &["c", "d"]), page(5, &["e"])]);
    let all = servicenow.scim().users().list().page_size(2).collect_all().await.unwrap();
    let names: Vec<_> = all.rows.iter().filter_map(|user| user.user_name.as_deref()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    assert!(all.complete && all.counted == Some(5) && all.unseen == Some(0));
    for (n, start) in ["1", "3", "5"].into_iter().enumerate() {
        assert_eq!(script.parameter(n, "startIndex").as_deref(), Some(start));
        assert_eq!(script.parameter(n, "count").as_deref(), Some("2"));
    }
    assert_eq!(script.asked()[0].uri().path(), "/api/now/scim/Users");
    assert_eq!(script.asked()[0].headers()["accept"], "application/json");
}

#[tokio::test]
async fn short_and_empty_pages_are_not_the_end_and_doubles_come_once() {
    // Two of a page are hidden; a page is hidden whole; the windows overlap then.
    let (servicenow, script, _) = scripted([
        page(7, &["a"]),
        page(7, &["b", "c", "d"]),
        page(7, &[]),
        page(7, &["d", "e"]),
        page(7, &[]),
    ]);
    let all = servicenow.scim().users().list().page_size(2).collect_all().await;
    let all = all.unwrap();
    assert_eq!(all.rows.len(), 5);
    assert_eq!((all.complete, all.unseen), (false, Some(2)));
    let starts: Vec<_> =
        (0..script.asked().len()).filter_map(|n| script.parameter(n, "startIndex")).collect();
    assert_eq!(starts, ["1", "2", "5", "7"]);
}

#[tokio::test]
async fn a_list_that_counts_nothing_ends_with_an_empty_page_and_is_never_complete() {
    let bare = |users: Json| Answer::json(200, json!({ "Resources": users }));
    let (servicenow, _, _) = scripted([bare(json!([user("a", "a")])), bare(Json::Null)]);
    let all = servicenow.scim().users().list().collect_all().await.unwrap();
    assert_eq!((all.rows.len(), all.counted, all.complete), (1, None, false));
    let (servicenow, _, _) = scripted([page(0, &[])]);
    assert!(servicenow.scim().users().list().collect_all().await.unwrap().complete);
}

#[tokio::test]
async fn a_list_that_counts_nothing_and_brings_the_same_page_again_goes_in_circles() {
    let same = || Answer::json(200, json!({ "Resources": [user("a", "a"), user("b", "b")] }));
    let (servicenow, script, _) = scripted([same(), same()]);
    let error = servicenow.scim().users().list().collect_all().await.unwrap_err();
    assert!(error.to_string().contains("circles"), "{error}");
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn a_resource_that_cannot_be_read_is_an_error_in_its_place() {
    let body = json!({ "totalResults": "3", "Resources": [user("a", "a"), { "userName": "no id" }, user("c", "c")] });
    let (servicenow, _, _) = scripted([Answer::json(200, body)]);
    let mut list = servicenow.scim().users().list();
    assert_eq!(list.next().await.unwrap().unwrap().id.as_str(), "a");
    let error = list.next().await.unwrap().unwrap_err();
    assert!(matches!(error.failure(), Failure::Decode(_)));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("Resources[1]"));
    assert_eq!(list.next().await.unwrap().unwrap().id.as_str(), "c");
    assert!(list.next().await.is_none() && !list.is_complete());
}

#[tokio::test]
async fn what_would_be_refused_is_not_sent() {
    let (servicenow, script, _) = scripted([]);
    let users = || servicenow.scim().users().list();
    for (list, told) in [
        (users().page_size(501), "1 to 500"),
        (users().page_size(0), "1 to 500"),
        (users().only::<String>([]), "attributes"),
        (users().only(["userName&count=9"]), "attributes"),
        (users().without(["a b"]), "excludedAttributes"),
        (users().filter(Filter::eq("userName or active", "x")), "no attribute"),
        (users().filter(Filter::contains("externalId", "x")), "externalId"),
        (users().filter(Filter::present("EXTERNALID")), "eq only"),
        (users().filter(Filter::eq("emails", "x")), "work_email"),
        (users().filter(Filter::eq("active", true).and(Filter::eq("", "x"))), "no attribute"),
    ] {
        let error = list.collect_all().await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.to_string().contains(told), "{error}");
    }
    let users = servicenow.scim().users();
    for patch in
        [Patch::new(), Patch::new().replace("members[value eq \"x\"]", 1), Patch::new().replace_all(&"x")]
    {
        assert_eq!(users.patch(&id(ID), patch).await.unwrap_err().delivery(), Delivery::NotSent);
    }
    let password = users.create(&json!({ "userName": "x", "password": "hunter2" })).await.unwrap_err();
    assert!(password.to_string().contains("passwords") && !format!("{password:?}").contains("hunter2"));
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn filters_and_selections_are_parameters() {
    let (servicenow, script, _) = scripted([page(0, &[]), page(0, &[]), page(0, &[])]);
    let users = servicenow.scim().users();
    let when = "2026-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let filter = Filter::starts_with("name.givenName", "a")
        .and(Filter::eq("active", true))
        .and(Filter::ge("meta.lastModified", when))
        .and(Filter::phone("mobile", "1"))
        .and(Filter::home_address("country", "DE"))
        .and(Filter::eq(&format!("{}:department.name", User::EXTENSION), r#"R&D "Labs" \"#));
    users.list().filter(filter).only(["userName", "active"]).collect_all().await.unwrap();
    assert_eq!(
        script.parameter(0, "filter").unwrap(),
        r#"name.givenName sw "a" and active eq true and meta.lastModified ge "2026-01-01T00:00:00Z" and phoneNumbers[type eq "mobile" and value eq "1"] and addresses[type eq "home" and country eq "DE"] and urn:ietf:params:scim:schemas:extension:servicenow:2.0:User:department.name eq "R&D \"Labs\" \\""#
    );
    assert_eq!(script.parameter(0, "attributes").as_deref(), Some("userName,active"));
    users.list().only(["id"]).without(["groups"]).collect_all().await.unwrap();
    assert_eq!(script.parameter(1, "excludedAttributes").as_deref(), Some("groups"));
    assert_eq!(script.parameter(1, "attributes"), None);
    users.list().filter(Filter::raw("title pr")).collect_all().await.unwrap();
    assert_eq!(script.parameter(2, "filter").as_deref(), Some("title pr"));
}

#[tokio::test]
async fn a_look_up_wants_one_and_the_one_it_asked_for() {
    let (servicenow, script, _) = scripted([
        page(1, &["ann.lee"]),
        page(0, &[]),
        page(1, &["somebody.else"]),
        page(2, &["ann.lee", "ann.lee2"]),
        page(1, &[]),
        Answer::json(200, json!({ "totalResults": 2, "Resources": [user("a", "ann.lee")] })),
    ]);
    let users = servicenow.scim().users();
    assert_eq!(users.find_by_user_name("Ann.Lee").await.unwrap().unwrap().id.as_str(), "ann.lee");
    assert_eq!(script.parameter(0, "filter").as_deref(), Some(r#"userName eq "Ann.Lee""#));
    assert!(users.find_by_user_name("ann.lee").await.unwrap().is_none());
    let wrong = users.find_by_user_name("ann.lee").await.unwrap_err();
    assert_eq!(kind(&wrong), ProblemKind::NotHonoured { field: "userName".into() });
    for wanted in [ProblemKind::Ambiguous, ProblemKind::Hidden, ProblemKind::Ambiguous] {
        assert_eq!(kind(&users.find_by_user_name("ann.lee").await.unwrap_err()), wanted);
    }
}

#[tokio::test]
async fn an_external_id_is_compared_by_case() {
    let mut found = user("a", "ann.lee");
    found["externalId"] = json!("00U1");
    let (servicenow, _, _) =
        scripted([Answer::json(200, json!({ "totalResults": 1, "Resources": [found] }))]);
    let error = servicenow.scim().users().find_by_external_id("00u1").await.unwrap_err();
    assert_eq!(kind(&error), ProblemKind::NotHonoured { field: "externalId".into() });
}

#[tokio::test]
async fn writes_follow_their_schemas() {
    let answer = |status| Answer::json(status, user(ID, "ann.lee"));
    let mut patched = user(ID, "ann.lee");
    patched["name"] = json!({ "familyName": "Lee" });
    patched[User::EXTENSION] = json!({ "employeeNumber": "8" });
    let (servicenow, script, _) = scripted([answer(201), answer(200), Answer::json(200, patched)]);
    let users = servicenow.scim().users();
    let body = json!({ "userName": "ann.lee", User::EXTENSION: { "employeeNumber": "7" } });
    let made = users.create(&body).await.unwrap();
    users.replace(&made.id, &made).await.unwrap();
    let patch = Patch::new()
        .remove("title")
        .replace("name.familyName", "Lee")
        .replace_all(&json!({ User::EXTENSION: { "employeeNumber": "8" } }));
    users.patch(&made.id, patch).await.unwrap();

    let asked = script.asked();
    let sent = |n: usize| serde_json::from_slice::<Json>(asked[n].body()).unwrap();
    let told: Vec<_> = asked.iter().map(|r| format!("{} {}", r.method(), r.uri().path())).collect();
    let one = format!("/api/now/scim/Users/{ID}");
    assert_eq!(told, ["POST /api/now/scim/Users".to_owned(), format!("PUT {one}"), format!("PATCH {one}")]);
    assert_eq!(sent(0)["schemas"], json!([User::CORE, User::EXTENSION]));
    // What came is what goes: its own schemas too.
    assert_eq!(sent(1), user(ID, "ann.lee"));
    assert_eq!(
        sent(2),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                { "op": "remove", "path": "title" },
                { "op": "replace", "path": "name.familyName", "value": "Lee" },
                { "op": "replace", "value": { User::EXTENSION: { "employeeNumber": "8" } } },
            ],
        })
    );
}

#[tokio::test]
async fn what_was_answered_as_done_and_was_not_is_an_error() {
    let not_written = |error: Error| match kind(&error) {
        ProblemKind::NotWritten { fields } => (fields.join(" "), error.delivery()),
        other => panic!("{other:?}"),
    };
    let came = || {
        let mut came = user(ID, "ann.lee");
        came["active"] = json!(true);
        came["name"] = json!({ "familyName": "Lee" });
        came["title"] = json!("Lead");
        came[User::EXTENSION] =
            json!({ "employeeNumber": "7", "manager": { "value": "m", "displayName": "Max" } });
        came
    };
    let answers = [
        Answer::json(200, came()),
        Answer::json(200, came()),
        Answer::text(204, ""),
        Answer::json(200, came()),
    ];
    let (servicenow, _, _) = scripted(answers);
    let users = servicenow.scim().users();
    let fits = Patch::new()
        .replace("active", true)
        .replace("name.familyName", "Lee")
        .replace(&format!("{}:employeeNumber", User::EXTENSION), "7")
        .replace_all(&json!({ User::EXTENSION: { "manager": { "value": "m" } }, "displayName": "is made" }));
    users.patch(&id(ID), fits).await.unwrap();
    let replaced =
        users.replace(&id(ID), &json!({ "userName": "ann.lee", "title": "Boss" })).await.unwrap_err();
    assert_eq!(not_written(replaced), ("title".to_owned(), Delivery::Done));
    let patch = Patch::new().replace("active", false).remove("title").replace("name.givenName", "Ann");
    let patched = users.patch(&id(ID), patch).await.unwrap_err();
    assert_eq!(not_written(patched), ("active name.givenName title".to_owned(), Delivery::Done));
}

#[tokio::test]
async fn a_patch_without_an_answer_is_read() {
    let group = json!({ "id": ID, "displayName": "Desk", "members": [{ "value": "a", "display": "Ann" }] });
    let (servicenow, script, _) = scripted([Answer::text(204, ""), Answer::json(200, group)]);
    let patch = Patch::new().replace("members", json!([{ "value": "a" }]));
    let group: Group = servicenow.scim().groups().patch(&id(ID), patch).await.unwrap();
    assert_eq!(group.members.unwrap()[0].name.as_deref(), Some("Ann"));
    assert_eq!(script.asked()[1].method(), "GET");

    let (servicenow, _, _) = scripted([Answer::text(204, ""), Answer::json(403, json!({}))]);
    let patch = Patch::new().replace("active", false);
    let error = servicenow.scim().users().patch(&id(ID), patch).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Done);
    assert_eq!(kind(&error), ProblemKind::NotLookedAt { sys_id: id(ID) });
}

#[tokio::test]
async fn a_list_that_was_replaced_has_no_other_elements_and_one_that_was_added_to_may() {
    let group = || {
        let members = json!([{ "value": "a", "display": "Ann" }, { "value": "b", "display": "Bo" }]);
        Answer::json(200, json!({ "id": ID, "displayName": "Desk", "members": members }))
    };
    let (servicenow, _, _) = scripted([group(), group(), group(), group()]);
    let groups = servicenow.scim().groups();
    for kept in [json!([]), json!([{ "value": "a" }])] {
        let patch = Patch::new().replace("members", kept);
        let error = groups.patch(&id(ID), patch).await.unwrap_err();
        assert_eq!(kind(&error), ProblemKind::NotWritten { fields: vec!["members".into()] });
    }
    let replaced = groups.replace(&id(ID), &json!({ "displayName": "Desk", "members": [] })).await;
    assert_eq!(kind(&replaced.unwrap_err()), ProblemKind::NotWritten { fields: vec!["members".into()] });
    groups.patch(&id(ID), Patch::new().add("members", json!([{ "value": "a" }]))).await.unwrap();
}

#[tokio::test]
async fn only_what_is_the_same_twice_is_repeated() {
    for (patch, attempts) in
        [(Patch::new().replace("active", false), 2), (Patch::new().add("phoneNumbers", json!([])), 1)]
    {
        let mut gone = user(ID, "a");
        gone["active"] = json!(false);
        let (servicenow, script, _) = scripted([Answer::text(503, ""), Answer::json(200, gone)]);
        let done = servicenow.scim().users().patch(&id(ID), patch).await;
        assert_eq!((done.is_ok(), script.asked().len()), (attempts == 2, attempts));
    }
    let (servicenow, script, _) = scripted([Answer::text(503, "")]);
    let error = servicenow.scim().users().create(&json!({ "userName": "a" })).await.unwrap_err();
    assert_eq!((error.delivery(), script.asked().len()), (Delivery::Unknown, 1));
}

#[tokio::test]
async fn another_resource_than_the_one_asked_for_is_refused() {
    let other = || Answer::json(200, user("other", "a"));
    let (servicenow, _, _) = scripted([other(), other(), other()]);
    let users = servicenow.scim().users();
    for error in [
        users.get(&id(ID)).await.unwrap_err(),
        users.replace(&id(ID), &json!({ "userName": "a" })).await.unwrap_err(),
        users.patch(&id(ID), Patch::new().remove("title")).await.unwrap_err(),
    ] {
        assert_eq!(kind(&error), ProblemKind::WrongRecord);
    }
}

#[tokio::test]
async fn a_user_is_not_erased_by_accident() {
    let answer = |name: &str, active: Json| {
        let mut user = user(ID, name);
        user["active"] = active;
        Answer::json(200, user)
    };
    let (servicenow, script, _) = scripted([
        answer("somebody.else", json!(false)),
        answer("ann.lee", json!(true)),
        answer("ann.lee", Json::Null),
        answer("ann.lee", json!("false")),
        Answer::text(204, ""),
    ]);
    let users = servicenow.scim().users();
    let wrong = users.erase(&id(ID), "ann.lee").await.unwrap_err();
    assert_eq!(kind(&wrong), ProblemKind::WrongRecord);
    for _ in 0..2 {
        assert_eq!(users.erase(&id(ID), "ann.lee").await.unwrap_err().delivery(), Delivery::NotSent);
    }
    assert!(script.asked().iter().all(|request| request.method() == "GET"));
    users.erase(&id(ID), "ann.lee").await.unwrap();
    assert_eq!(script.asked()[4].method(), "DELETE");
}

#[tokio::test]
async fn errors_are_told_in_both_shapes() {
    let error = |scim_type: &str, status: u16| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "detail": "What is wrong", "scimType": scim_type, "status": status.to_string(),
        })
    };
    for (status, scim_type, wanted) in [
        (400, "invalidFilter", ProblemKind::Invalid),
        (400, "uniqueness", ProblemKind::DuplicateKey),
        (403, "", ProblemKind::Forbidden),
        (404, "", ProblemKind::NotFound),
        (409, "uniqueness", ProblemKind::DuplicateKey),
    ] {
        let plain = error(scim_type, status);
        for body in [plain.clone(), json!({ "errors": plain.clone() }), json!({ "errors": [plain] })] {
            let (servicenow, _, _) = scripted([Answer::json(status, &body)]);
            let error = servicenow.scim().users().get(&id(ID)).await.unwrap_err();
            let problem = error.problem().unwrap();
            assert_eq!((&problem.kind, problem.message.as_str()), (&wanted, "What is wrong"), "{body}");
            assert_eq!(problem.detail.as_deref(), Some(scim_type));
        }
    }
    // What is in front of SCIM speaks as ever; and what only looks like an error is none.
    let missing =
        json!({ "error": { "message": "Requested URI does not represent any resource", "detail": null } });
    let (servicenow, _, _) =
        scripted([Answer::json(400, missing), Answer::json(400, json!({ "schemas": ["x"], "detail": "d" }))]);
    let error = servicenow.scim().service_provider_config().await.unwrap_err();
    assert_eq!(kind(&error), ProblemKind::UnknownResource);
    assert_eq!(
        servicenow.scim().users().get(&id(ID)).await.unwrap_err().problem().unwrap().message,
        "bad request"
    );
}

#[test]
fn odd_forms_are_read_and_what_is_unknown_is_kept() {
    let body = json!({
        "id": ID, "active": "TRUE", "title": null, "nickName": "Annie",
        "addresses": { "type": "home", "locality": "Bonn" },
        "emails": [{ "value": "a@example.com", "type": "work", "primary": true }],
        "meta": { "created": "yesterday", "lastModified": "2021-10-12T18:29:27Z", "version": "1" },
        User::EXTENSION: { "manager": { "value": "m", "displayName": "Max" }, "company": { "value": "c", "display": "ACME", "$ref": "x" }, "u_badge": 7 },
    });
    let user: User = serde_json::from_value(body).unwrap();
    assert_eq!((user.active, user.title.as_deref()), (Some(true), None));
    assert_eq!(user.addresses.as_ref().unwrap()[0].locality.as_deref(), Some("Bonn"));
    let meta = user.meta.as_ref().unwrap();
    assert!(meta.created.is_none() && meta.last_modified.is_some());
    let extension = user.extension.as_ref().unwrap();
    assert_eq!(extension.manager.as_ref().unwrap().name.as_deref(), Some("Max"));
    assert_eq!(extension.company.as_ref().unwrap().name.as_deref(), Some("ACME"));

    // Written back it has all that it came with; of references, the id.
    let written = serde_json::to_value(&user).unwrap();
    assert_eq!(written["nickName"], "Annie");
    assert_eq!(written["emails"][0]["primary"], true);
    assert_eq!(written[User::EXTENSION]["u_badge"], 7);
    assert_eq!(written[User::EXTENSION]["company"], json!({ "value": "c" }));
    assert!(written.get("title").is_none());

    let shown = format!("{user:?}");
    assert!(shown.contains(ID) && shown.contains("emails"), "{shown}");
    for secret in ["Annie", "Bonn", "a@example.com", "ACME"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
