//! The page of a rule as a part of the report: its Markdown as HTML. Addresses stay text, since the report needs no network.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::svg::escape;

/// The HTML of a page's body. Its headings lie below those of the report.
pub(super) fn html(body: &str) -> String {
    let mut out = String::with_capacity(body.len() * 2);
    let mut in_head = false;
    for event in Parser::new_ext(body, Options::ENABLE_TABLES) {
        match event {
            Event::Start(tag) => {
                in_head |= matches!(tag, Tag::TableHead);
                out.push_str(&opening(&tag, in_head));
            }
            Event::End(tag) => {
                out.push_str(closing(tag, in_head));
                in_head &= !matches!(tag, TagEnd::TableHead);
            }
            Event::Text(text) => out.push_str(&escape_lines(&text)),
            Event::Code(code) => out.push_str(&format!("<code>{}</code>", escape(&code))),
            Event::SoftBreak => out.push(' '),
            Event::HardBreak => out.push_str("<br/>"),
            Event::Rule => out.push_str("<hr/>"),
            // Rules' pages have no HTML; what looks like it stays text.
            Event::Html(text) | Event::InlineHtml(text) => out.push_str(&escape(&text)),
            _ => {}
        }
    }
    out
}

/// Text with the line breaks of a code block.
fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

fn opening(tag: &Tag<'_>, in_head: bool) -> String {
    let plain = match tag {
        Tag::Paragraph => "<p>",
        Tag::Heading { level, .. } if *level <= HeadingLevel::H2 => "<h3>",
        Tag::Heading { .. } => "<h4>",
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => "<pre><code>",
        Tag::List(None) => "<ul>",
        Tag::List(Some(_)) => "<ol>",
        Tag::Item => "<li>",
        Tag::Emphasis => "<em>",
        Tag::Strong => "<strong>",
        Tag::BlockQuote(_) => "<blockquote>",
        Tag::Table(_) => "<table>",
        Tag::TableHead => "<thead><tr>",
        Tag::TableRow => "<tr>",
        Tag::TableCell if in_head => "<th scope=\"col\">",
        Tag::TableCell => "<td>",
        _ => "",
    };
    plain.to_owned()
}

fn closing(tag: TagEnd, in_head: bool) -> &'static str {
    match tag {
        TagEnd::Paragraph => "</p>",
        TagEnd::Heading(level) if level <= HeadingLevel::H2 => "</h3>",
        TagEnd::Heading(_) => "</h4>",
        TagEnd::CodeBlock => "</code></pre>",
        TagEnd::List(false) => "</ul>",
        TagEnd::List(true) => "</ol>",
        TagEnd::Item => "</li>",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</strong>",
        TagEnd::BlockQuote(_) => "</blockquote>",
        TagEnd::Table => "</tbody></table>",
        TagEnd::TableHead => "</tr></thead><tbody>",
        TagEnd::TableRow => "</tr>",
        TagEnd::TableCell if in_head => "</th>",
        TagEnd::TableCell => "</td>",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_addresses_stay_text() {
        let page = "Sum < mean, `a<b`.\n\n## Bad\n```jsonl\n{\"a\": 1}\n{\"b\": 2}\n```\n| x |\n|---|\n| 1 |\n\n- <https://example.com>: text\n";
        assert_eq!(
            html(page),
            "<p>Sum &lt; mean, <code>a&lt;b</code>.</p><h3>Bad</h3><pre><code>{&quot;a&quot;: 1}\n{&quot;b&quot;: 2}\n</code></pre>\
             <table><thead><tr><th scope=\"col\">x</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>\
             <ul><li>https://example.com: text</li></ul>"
        );
    }
}
