//! Holds `openapi.json` true: what it promises is what the routes do, and what they do is in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fs,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderName, Method},
};
use bytes::Bytes;
use http_body::Frame;
use serde_json::{Map, Value, json};

use super::DOCUMENT;
use crate::routes::testbed::{Answer, TIME_TO_LIVE, Testbed, make_it};

/// The page and its files are for people; they may change as they like.
const NOT_IN_THE_CONTRACT: [&str; 2] = ["/", "/web/{name}"];

/// Headers of answers that the document's introduction speaks of, or that HTTP and CORS need.
const COMMON_HEADERS: [&str; 8] = [
    "access-control-allow-origin",
    "access-control-expose-headers",
    "cache-control",
    "content-length",
    "content-type",
    "referrer-policy",
    "vary",
    "x-content-type-options",
];

const OPERATIONS: [&str; 4] = ["get", "post", "head", "options"];

/// A form that never arrives.
struct Never;

#[test]
fn the_document_has_every_route_and_no_other() {
    let source = include_str!("../../routes.rs");
    let mut paths = source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let routed: BTreeSet<_> = paths.by_ref().collect();
    let ways = [".route", ".nest", ".merge"].map(|way| source.matches(way).count());
    assert_eq!(ways.iter().sum::<usize>(), routed.len(), "each route is written .route(\"...\"");
    let document = document();
    let documented = document["paths"].as_object().unwrap().keys().map(String::as_str);
    assert_eq!(routed, documented.chain(NOT_IN_THE_CONTRACT).collect());
}

#[test]
fn the_document_is_of_this_version_and_under_this_licence() {
    let info = &document()["info"];
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["license"]["identifier"], env!("CARGO_PKG_LICENSE"));
}

#[test]
fn everything_the_document_refers_to_is_there_and_everything_there_is_referred_to() {
    fn collect<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| collect(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut referred = BTreeSet::new();
    collect(&document, &mut referred);
    let mut there = BTreeSet::new();
    for (kind, parts) in document["components"].as_object().unwrap() {
        there.extend(parts.as_object().unwrap().keys().map(|n| format!("#/components/{kind}/{n}")));
    }
    assert_eq!(referred, there.iter().map(String::as_str).collect());
}

#[test]
fn objects_in_answers_have_no_fields_but_those_documented() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if schema.get("properties").is_some() {
            assert_eq!(schema["additionalProperties"], false, "{name}");
            let fields = schema["properties"].as_object().unwrap().values();
            assert!(fields.clone().all(is_described), "{name}: a field that is not described");
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in OPERATIONS.iter().filter_map(|name| item.get(name)) {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{path}: {name} is there twice");
        }
    }
}

#[test]
fn the_names_that_routes_take_are_the_ones_documented() {
    let mut taken = BTreeSet::from(["id".to_owned(), "settings".to_owned()]);
    for source in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes")) {
        let names = source.split("args.take(\"").skip(1);
        taken.extend(names.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    let document = document();
    let parameters = document["components"]["parameters"].as_object().unwrap().values();
    let documented: BTreeSet<_> = parameters
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(taken, documented);
}

#[test]
fn a_form_takes_what_the_query_takes() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let media_type = "/post/requestBody/content/application~1x-www-form-urlencoded/schema";
        let form = item.pointer(media_type);
        let mut query = parameters(&document, item, "query");
        let takes_settings = query.remove("settings").is_some();
        let none = json!({});
        let fields = form.map_or(&none, |form| &form["properties"]).as_object().unwrap();
        assert!(fields.keys().eq(query.keys()), "{path}: the form differs from the query");
        let others = form.is_some_and(|form| form["additionalProperties"] != false);
        assert_eq!(others, takes_settings, "{path}");
        for (name, field) in fields {
            assert_eq!(*field, query[name]["schema"], "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn the_documented_examples_are_answered() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    hear(&testbed, &id).await;
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut uri = path.clone();
        if let Some(file) = parameters(&document, item, "path").get("file") {
            let extension = file["example"].as_str().unwrap().rsplit('.').next().unwrap();
            uri = uri.replace("{file}", &format!("{id}.{extension}"));
        }
        let mut query = Vec::new();
        for (name, parameter) in parameters(&document, item, "query") {
            match name.as_str() {
                "id" => query.push(format!("id={id}")),
                "station" => query.push("station=tone".to_owned()),
                "settings" => {
                    let settings = parameter["example"].as_object().unwrap().iter();
                    query.extend(settings.map(|(name, value)| format!("{name}={}", plain(value))));
                }
                _ => query.push(format!("{name}={}", plain(&parameter["example"]))),
            }
        }
        let answer = testbed.get(&format!("{uri}?{}", query.join("&"))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        for (name, header) in parameters(&document, item, "header") {
            let Some(example) = header.get("example").and_then(Value::as_str) else { continue };
            let answer = testbed.get_with(&format!("{uri}?id={id}"), &[(&name, example)]).await;
            assert!(answer.status < 500, "{path}: {name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_as_documented_and_every_documented_answer_is_given() {
    let mut testbed = Testbed::new();
    let document = document();
    let ids = testbed.create("").await;
    let unused = testbed.create("").await.id;
    hear(&testbed, &ids.id).await;
    let page = testbed.get("/listen/x").await;
    let tag = page.header("etag");
    let mut seen = Seen { document: &document, answers: BTreeSet::new() };
    for path in document["paths"].as_object().unwrap().keys() {
        for uri in addresses(path, &ids.id) {
            seen.by_every_method(&testbed, path, &uri, &[]).await;
            seen.by_every_method(&testbed, path, &uri, &[("range", "bytes=0-1")]).await;
            seen.by_every_method(&testbed, path, &uri, &[("icy-metadata", "1")]).await;
            seen.by_every_method(&testbed, path, &uri, &[("if-none-match", tag)]).await;
            for other in [&ids.listen_id, "unknown"] {
                let uri = uri.replace(&ids.id, other);
                seen.by_every_method(&testbed, path, &uri, &[]).await;
            }
            let and = if uri.contains('?') { '&' } else { '?' };
            for more in ["nonsense=1".to_owned(), "x".repeat(10 * 1024)] {
                let uri = format!("{uri}{and}{more}");
                seen.by_every_method(&testbed, path, &uri, &[]).await;
            }
            seen.with_bodies(&testbed, path, &uri).await;
        }
    }
    make_it(TIME_TO_LIVE + Duration::from_secs(1));
    for path in document["paths"].as_object().unwrap().keys() {
        for uri in addresses(path, &unused) {
            seen.by_every_method(&testbed, path, &uri, &[]).await;
        }
    }
    make_it(Duration::ZERO);
    testbed.shut_down();
    for path in document["paths"].as_object().unwrap().keys() {
        for uri in addresses(path, &ids.id) {
            seen.by_every_method(&testbed, path, &uri, &[]).await;
        }
    }
    let testbed = Testbed::behind_a_proxy();
    for path in ["/create_stream", "/set_param"] {
        for uri in addresses(path, &ids.id) {
            seen.by_every_method(&testbed, path, &uri, &[]).await;
        }
    }
    let promised = promised(&document);
    let missing: Vec<_> = promised.difference(&seen.answers).collect();
    assert!(missing.is_empty(), "documented, but never given: {missing:#?}");
}

#[tokio::test]
async fn other_methods_are_answered_as_the_introduction_says() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    hear(&testbed, &id).await;
    for path in document()["paths"].as_object().unwrap().keys() {
        for uri in addresses(path, &id) {
            let allow = match path.as_str() {
                "/set_param" => "GET, POST, OPTIONS",
                _ => "GET, POST, HEAD, OPTIONS",
            };
            let options = testbed.ask(Method::OPTIONS, &uri, &[], Body::empty()).await;
            assert_eq!((options.status, options.header("allow")), (200, allow), "{uri}");
            for method in [Method::PUT, Method::DELETE, Method::PATCH] {
                let refused = testbed.ask(method, &uri, &[], Body::empty()).await;
                assert_eq!((refused.status, refused.header("allow")), (405, allow), "{uri}");
            }
            let (get, head) = (testbed.get(&uri).await, testbed.head(&uri).await);
            assert!(head.body.is_empty(), "{uri}");
            let status = if path == "/set_param" { 405 } else { get.status };
            assert_eq!(head.status, status, "{uri}");
            if status == get.status {
                assert_eq!(head.header("content-type"), get.header("content-type"), "{uri}");
            }
        }
    }
}

/// Which answers have been given: path, method, status, media type.
struct Seen<'a> {
    document: &'a Value,
    answers: BTreeSet<(String, String, String, String)>,
}

impl Seen<'_> {
    /// Asks by each documented method, with and without a wish for JSON, and judges each answer.
    async fn by_every_method(
        &mut self,
        testbed: &Testbed,
        path: &str,
        uri: &str,
        headers: &[(&str, &str)],
    ) {
        for name in OPERATIONS {
            if self.document["paths"][path].get(name).is_none() {
                continue;
            }
            for accept in ["*/*", "application/json"] {
                let method = name.to_uppercase().parse().unwrap();
                let headers = [headers, &[("accept", accept)]].concat();
                let answer = testbed.ask(method, uri, &headers, Body::empty()).await;
                self.judge(path, name, &answer);
            }
        }
    }

    /// Posts what is no good form.
    async fn with_bodies(&mut self, testbed: &Testbed, path: &str, uri: &str) {
        for accept in ["*/*", "application/json"] {
            let json = [("accept", accept), ("content-type", "application/json")];
            let answer = testbed.ask(Method::POST, uri, &json, Body::from("{}")).await;
            self.judge(path, "post", &answer);
            for body in [Body::from("x".repeat(10 * 1024)), Body::new(Never)] {
                let answer = testbed.ask(Method::POST, uri, &json[..1], body).await;
                self.judge(path, "post", &answer);
            }
        }
    }

    /// Fails where an answer is not as documented: status, media type, headers, body.
    fn judge(&mut self, path: &str, method: &str, answer: &Answer) {
        let status = answer.status.to_string();
        let operation = &self.document["paths"][path][method];
        let about = format!("{method} {path}: {status}");
        // The errors of HEAD are those of GET, in which nothing is said.
        if method == "head" && answer.status >= 400 && answer.status != 405 {
            let get = &self.document["paths"][path]["get"]["responses"];
            assert!(get.get(&status).is_some(), "{about} is not documented");
            return;
        }
        let response = operation["responses"].get(&status);
        let Some(response) = response.or_else(|| self.probed_head(method, answer)) else {
            panic!("{about} is not documented: {}", String::from_utf8_lossy(&answer.body));
        };
        let response = resolve(self.document, response);
        self.judge_headers(&about, response, answer);
        let media_type = answer.header("content-type").split(';').next().unwrap();
        let has_content = response.get("content").is_some();
        if has_content {
            let content = response["content"].get(media_type);
            let content =
                content.unwrap_or_else(|| panic!("{about}: {media_type} is not documented"));
            if let Some(schema) = content.get("schema") {
                validate(self.document, &about, schema, &instance(media_type, answer));
            }
        } else {
            assert!(answer.body.is_empty() || method == "head", "{about}: a body");
        }
        let media_type = if has_content { media_type } else { "" };
        let entry = (path.to_owned(), method.to_owned(), status, media_type.to_owned());
        self.answers.insert(entry);
    }

    /// A probe by HEAD is answered as one by GET.
    fn probed_head(&self, method: &str, answer: &Answer) -> Option<&Value> {
        let is_probed = method == "head" && answer.status == 206;
        is_probed.then(|| &self.document["components"]["responses"]["FirstBytes"])
    }

    fn judge_headers(&self, about: &str, response: &Value, answer: &Answer) {
        let none = Map::new();
        let documented = response.get("headers").and_then(Value::as_object).unwrap_or(&none);
        let by_name: BTreeMap<_, _> =
            documented.iter().map(|(name, header)| (name.to_lowercase(), header)).collect();
        for name in answer.headers.keys().map(HeaderName::as_str) {
            // What a preflight is answered is CORS's business.
            let is_common = COMMON_HEADERS.contains(&name) || name.starts_with("access-control-");
            assert!(is_common || by_name.contains_key(name), "{about}: {name} is not documented");
        }
        for (name, header) in by_name {
            let header = resolve(self.document, header);
            match answer.headers.get(&name) {
                Some(_) => {
                    let value = Value::from(answer.header(&name));
                    validate(self.document, &format!("{about}: {name}"), &header["schema"], &value);
                }
                None => assert_ne!(header["required"], true, "{about}: no {name}"),
            }
        }
    }
}

/// Listens to the stream, so that something was heard of it.
async fn hear(testbed: &Testbed, id: &str) {
    assert_eq!(testbed.get(&format!("/stream?id={id}")).await.status, 200);
}

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// Every answer that the document promises.
fn promised(document: &Value) -> BTreeSet<(String, String, String, String)> {
    let mut promised = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in OPERATIONS.into_iter().filter(|method| item.get(method).is_some()) {
            for (status, response) in item[method]["responses"].as_object().unwrap() {
                let content = resolve(document, response).get("content").and_then(Value::as_object);
                let media_types = content.map_or(vec![String::new()], |content| {
                    content.keys().cloned().collect::<Vec<_>>()
                });
                for media_type in media_types {
                    promised.insert((path.clone(), method.to_owned(), status.clone(), media_type));
                }
            }
        }
    }
    promised
}

/// Good addresses that lead to a path, of each kind that it knows.
fn addresses(path: &str, id: &str) -> Vec<String> {
    match path {
        "/stream" => vec![format!("/stream?id={id}"), format!("/stream?id={id}&format=wav")],
        "/stream/{file}" => vec![format!("/stream/{id}.mp3"), format!("/stream/{id}.wav")],
        "/recording" => {
            let asks = ["from=-1&to=-0", "from=0&to=-0&format=wav", "from=1000&to=2000"];
            asks.map(|ask| format!("/recording?id={id}&{ask}")).into()
        }
        "/set_param" => {
            let asks =
                ["level=0.25&key=shape&value=square", "preset=bright&ramp=2", "preset=random"];
            asks.map(|ask| format!("/set_param?id={id}&{ask}")).into()
        }
        "/create_stream" => vec![path.to_owned(), format!("{path}?preset=bright&seed=7")],
        "/events" => vec![format!("/events?id={id}")],
        "/params" => vec![format!("/params?id={id}")],
        "/listen/{file}" => {
            let files = ["", ".m3u", ".pls", ".ogg"];
            files.map(|extension| format!("/listen/{id}{extension}")).into()
        }
        path => vec![path.to_owned()],
    }
}

/// The parameters of a path that are in `place`, by name.
fn parameters<'a>(
    document: &'a Value,
    item: &'a Value,
    place: &str,
) -> BTreeMap<String, &'a Value> {
    let parameters = item.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let parameters = parameters.map(|parameter| resolve(document, parameter));
    parameters
        .filter(|parameter| parameter["in"] == place)
        .map(|parameter| (parameter["name"].as_str().unwrap().to_owned(), parameter))
        .collect()
}

/// What a reference refers to, or the value itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn validate(document: &Value, about: &str, schema: &Value, instance: &Value) {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(instance)
        .map(|error| format!("{} at '{}'", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{about}: {errors:#?}\n{instance:#}");
}

fn instance(media_type: &str, answer: &Answer) -> Value {
    if media_type.ends_with("json") { answer.json() } else { Value::from(answer.text()) }
}

fn is_described(field: &Value) -> bool {
    field.get("description").is_some()
        || field.get("$ref").is_some()
        || field.get("items").is_some()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: std::path::PathBuf| match path.is_dir() {
        true => sources(&path),
        false => vec![fs::read_to_string(path).unwrap()],
    };
    entries.flat_map(of).collect()
}

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
