//! Pairs in every style, cut and broken.
#![allow(clippy::unwrap_used)]

use super::*;

/// `name=value` of each pair, values without escapes, and whether there was nothing else.
fn read(pairs: Pairs<'_>) -> (Vec<String>, bool) {
    let mut iter = pairs.iter();
    let mut found = Vec::new();
    for pair in iter.by_ref() {
        let value: Vec<&[u8]> = pair.pieces().collect();
        found.push(format!(
            "{}={}",
            String::from_utf8_lossy(pair.name),
            String::from_utf8_lossy(&value.concat())
        ));
    }
    (found, iter.is_sound())
}

fn text(line: &str) -> Option<(Vec<String>, bool)> {
    Pairs::of_text(line.as_bytes()).map(read)
}

fn sound(pairs: &[&str]) -> Option<(Vec<String>, bool)> {
    Some((pairs.iter().map(|pair| (*pair).to_owned()).collect(), true))
}

#[test]
fn spaced() {
    assert_eq!(text(r#"a=b c="d e" f="""#), sound(&["a=b", "c=d e", "f="]));
    assert_eq!(text(r#"a="x \" y=z"  b= c=1=2"#), sound(&["a=x \" y=z", "b=", "c=1=2"]));
    // Cut by the bound of a datagram.
    assert_eq!(text(r#"a=1 b=2 c="3 and"#), sound(&["a=1", "b=2", "c=3 and"]));
    assert_eq!(text("a=1 b=2 c=3 dst"), sound(&["a=1", "b=2", "c=3"]));
    assert_eq!(text(r#"a=1 b=2 c="3\"#), sound(&["a=1", "b=2", "c=3\\"]));
    // Text that has pairs is not made of pairs.
    assert!(!text("a=1 b=2 c=3 DF e=5").unwrap().1);
    assert!(!text(r#"a=1 b=2 c="3"x d=4"#).unwrap().1);
    for other in ["", "a", "a=", "a=1", "a=1 b=2", "a=1 b c=2", "1=2 3=4 5=6", "user a=1 b=2 c=3", "=1 =2 =3"]
    {
        assert_eq!(text(other), None, "{other}");
    }
}

#[test]
fn delimited() {
    assert_eq!(text("a=b\tc=d e\tf="), sound(&["a=b", "c=d e", "f="]));
    assert_eq!(text("a=1|b=x y|c=p\\=q|"), sound(&["a=1", "b=x y", "c=p=q"]));
    assert!(!text("a=1|b=2|c=3|4.4.4.4|d=5").unwrap().1);
    assert_eq!(
        read(Pairs::attributes(b"src=1^dst=2^path=C:\\new", b'^')),
        sound(&["src=1", "dst=2", "path=C:\\new"]).unwrap()
    );
}

#[test]
fn extension() {
    let extension = |text: &str| read(Pairs::extension(text.as_bytes()));
    assert_eq!(
        extension(r"src=10.0.0.1 msg=User signed in\nfrom a\=b act= request=http://x/?q=1 cs1Label=a b "),
        sound(&[
            "src=10.0.0.1",
            "msg=User signed in\nfrom a=b",
            "act=",
            "request=http://x/?q=1",
            "cs1Label=a b"
        ])
        .unwrap()
    );
    assert_eq!(extension(r"a=\"), sound(&["a=\\"]).unwrap());
    assert_eq!(extension(""), sound(&[]).unwrap());
    assert!(!extension("no pairs here").1);
    assert_eq!(extension("ad.field[0]=x ad.field[1]=y").0.len(), 2);
}

#[test]
fn check_point() {
    assert_eq!(
        text(r#"[action:"Accept"; flags:"18692"; origin:"10.0.0.1"]"#),
        sound(&["action=Accept", "flags=18692", "origin=10.0.0.1"])
    );
    assert_eq!(
        text(r#"[action:"Reject"; __tag:"a[b=\]"; ike::"Main Mode"; ] more"#),
        sound(&["action=Reject", "__tag=a[b=]", "ike=Main Mode"])
    );
    assert_eq!(text(r#"[action:"Accept"; fla"#), sound(&["action=Accept"]));
    assert!(!text(r#"[action:"Monitored";..."#).unwrap().1);
    assert_eq!(text("[358]: x"), None);
    assert_eq!(text(r#"[a b="c"]"#), None);
}
