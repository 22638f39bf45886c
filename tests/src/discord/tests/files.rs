//! Pictures: multipart bodies, and what may refer to what in them.

use serde_json::json;

use super::*;

const PICTURE: &[u8] = b"RIFF\x10\0\0\0WEBPVP8 \r\n\xff";

/// A form of a body and files (name of the part, name of the file, bytes).
fn form(body: &Value, files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut form = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
         Content-Type: application/json\r\n\r\n{body}\r\n"
    )
    .into_bytes();
    for (part, name, bytes) in files {
        let head = format!(
            "--cut\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\
             Content-Type: image/webp\r\n\r\n"
        );
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--cut--\r\n");
    form
}

fn upload(discord: &Discord, method: &str, path: &str, form: &[u8]) -> Answer {
    let kind = [("Content-Type", "multipart/form-data; boundary=cut")];
    try_ask(discord, method, path, &kind, form).unwrap()
}

fn post_form(discord: &Discord, body: &Value, files: &[(&str, &str, &[u8])]) -> Answer {
    let path = format!("{}?wait=true", path(discord, "screenshots"));
    upload(discord, "POST", &path, &form(body, files))
}

fn with_picture(name: &str) -> Value {
    let mut body = good("Routine Screenshot");
    body["embeds"][0]["image"] = json!({ "url": format!("attachment://{name}") });
    body["attachments"] = json!([{ "id": "0", "filename": name }]);
    body
}

#[test]
fn a_picture_arrives_with_every_byte() {
    let discord = unlimited();
    let body = with_picture("routine.webp");
    let answer = post_form(&discord, &body, &[("files[0]", "blob.webp", PICTURE)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let shown = json_of(&answer);
    assert_eq!(shown["attachments"][0]["filename"], "routine.webp");
    assert_eq!(shown["attachments"][0]["size"], PICTURE.len());
    assert_eq!(shown["embeds"][0]["image"]["url"], shown["attachments"][0]["url"]);
    let message = &discord.messages("screenshots")[0];
    assert_eq!(
        (message.files[0].name.as_str(), message.files[0].bytes.as_slice()),
        ("routine.webp", PICTURE)
    );
    assert_eq!(message.files[0].content_type.as_deref(), Some("image/webp"));
    assert_eq!(discord.problems(), [""; 0]);
}

#[test]
fn a_picture_must_be_in_the_same_request_and_a_picture() {
    let discord = unlimited();
    let file = [("files[0]", "routine.webp", PICTURE)];
    let without = post_form(&discord, &with_picture("routine.webp"), &[]);
    assert_eq!(refusal(&without), (400, 50035));
    let mut other = with_picture("routine.webp");
    other["embeds"][0]["image"]["url"] = json!("attachment://evidence.webp");
    assert_eq!(refusal(&post_form(&discord, &other, &file)), (400, 50035));
    let text = with_picture("routine.txt");
    assert_eq!(refusal(&post_form(&discord, &text, &[("files[0]", "x", PICTURE)])), (400, 50035));
    for ending in ["jpg", "jpeg", "PNG", "gif"] {
        let body = with_picture(&format!("a.{ending}"));
        assert_eq!(post_form(&discord, &body, &file).status, 200, "{ending}");
    }
    assert_eq!(discord.messages("screenshots").len(), 4);
}

#[test]
fn attachments_and_files_must_match() {
    let discord = unlimited();
    let mut body = with_picture("a.webp");
    body["attachments"][0]["id"] = json!("1");
    let wrong = post_form(&discord, &body, &[("files[0]", "a.webp", PICTURE)]);
    assert_eq!(refusal(&wrong), (400, 50035));
    body["attachments"] = json!([{ "id": "0" }, { "id": "0" }]);
    let twice = post_form(&discord, &body, &[("files[0]", "a.webp", PICTURE)]);
    assert_eq!(refusal(&twice), (400, 50035));
    body["attachments"] = json!([{ "id": 0 }]);
    let number = post_form(&discord, &body, &[("files[0]", "a.webp", PICTURE)]);
    assert_eq!(refusal(&number), (400, 50035), "the id is a string");
    discord.forget();
    body["attachments"] = json!([]);
    let unlisted = post_form(&discord, &body, &[("files[0]", "a.webp", PICTURE)]);
    assert_eq!(unlisted.status, 200, "Discord lets it pass");
    assert_eq!(discord.problems().len(), 1, "and we do not");
}

#[test]
fn the_parts_of_a_form_have_their_names() {
    let discord = unlimited();
    let body = with_picture("a.webp");
    for part in ["file", "files[]", "files[x]", "files[00]", "picture"] {
        let answer = post_form(
            &discord,
            &body,
            &[("files[0]", "a.webp", PICTURE), (part, "b.webp", PICTURE)],
        );
        assert_eq!(refusal(&answer), (400, 50035), "{part}");
    }
    let twice = [("files[0]", "a.webp", PICTURE), ("files[0]", "a.webp", PICTURE)];
    assert_eq!(refusal(&post_form(&discord, &body, &twice)), (400, 50035));
    let nameless = [("files[0]", "", PICTURE)];
    assert_eq!(refusal(&post_form(&discord, &body, &nameless)), (400, 50035));
    let path = path(&discord, "screenshots");
    assert_eq!(refusal(&upload(&discord, "POST", &path, b"--cut\r\n\r\n")), (400, 50035));
    let broken = form(&json!("x"), &[]);
    let broken = String::from_utf8(broken).unwrap().replace("\"x\"", "{\"x");
    assert_eq!(refusal(&upload(&discord, "POST", &path, broken.as_bytes())), (400, 50109));
    assert!(discord.messages("screenshots").is_empty());
}

#[test]
fn a_file_of_more_than_ten_mebibytes_is_413() {
    let discord = unlimited();
    let body = with_picture("a.webp");
    let most = vec![7; 10 << 20];
    assert_eq!(post_form(&discord, &body, &[("files[0]", "a.webp", &most)]).status, 200);
    let more = [most.as_slice(), &[7]].concat();
    assert_eq!(
        refusal(&post_form(&discord, &body, &[("files[0]", "a.webp", &more)])),
        (413, 40005)
    );
    assert_eq!(discord.messages("screenshots")[0].files[0].size, 10 << 20);
    let small = Discord::start_with(Options { most_in_file: 9, ..Options::unlimited() }).unwrap();
    assert_eq!(
        refusal(&post_form(&small, &body, &[("files[0]", "a.webp", PICTURE)])),
        (413, 40005)
    );
}

#[test]
fn an_edit_keeps_adds_and_drops_pictures() {
    let discord = unlimited();
    let first = post_form(&discord, &with_picture("a.webp"), &[("files[0]", "a.webp", PICTURE)]);
    let path = format!("{}/messages/{}", path(&discord, "screenshots"), id(&first));
    let old = json_of(&first)["attachments"][0]["id"].clone();
    let names = || {
        let files = &discord.messages("screenshots")[0].files;
        files.iter().map(|file| file.name.clone()).collect::<Vec<_>>()
    };
    let mut body = with_picture("a.webp");
    body.as_object_mut().unwrap().remove("username");
    let mut same = body.clone();
    same.as_object_mut().unwrap().remove("attachments");
    assert_eq!(send(&discord, "PATCH", &path, &same).unwrap().status, 200);
    assert_eq!(names(), ["a.webp"], "not named, not touched");
    body["attachments"] = json!([{ "id": old }, { "id": "0", "filename": "b.webp" }]);
    let both = upload(&discord, "PATCH", &path, &form(&body, &[("files[0]", "b.webp", PICTURE)]));
    assert_eq!(both.status, 200, "{both:?}");
    assert_eq!(names(), ["a.webp", "b.webp"]);
    body["attachments"] = json!([]);
    body["embeds"][0].as_object_mut().unwrap().remove("image");
    assert_eq!(send(&discord, "PATCH", &path, &body).unwrap().status, 200);
    assert_eq!(names(), [""; 0]);
    body["attachments"] = json!([{ "id": old }]);
    assert_eq!(refusal(&send(&discord, "PATCH", &path, &body).unwrap()), (400, 50035));
}
