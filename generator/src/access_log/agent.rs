/// Browser or program family of a user agent. A coarse reading: enough to tell people from robots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentFamily(&'static str);

/// In order: the first mark found names the family. Robots come first, as they dress up as browsers;
/// Edge and Opera before Chrome, and Chrome before Safari, as each names those after it.
const MARKS: [(&str, &str); 22] = [
    ("googlebot", "Googlebot"),
    ("bingbot", "Bingbot"),
    ("msnbot", "Bingbot"),
    ("yandexbot", "YandexBot"),
    ("baiduspider", "Baiduspider"),
    ("feed", "Feed reader"),
    ("tiny tiny rss", "Feed reader"),
    ("universalfeedparser", "Feed reader"),
    ("bot", "Other bot"),
    ("spider", "Other bot"),
    ("crawl", "Other bot"),
    ("slurp", "Other bot"),
    ("curl/", "curl/wget"),
    ("wget/", "curl/wget"),
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("opera", "Opera"),
    ("firefox/", "Firefox"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
    ("msie", "Internet Explorer"),
    ("trident/", "Internet Explorer"),
];

impl AgentFamily {
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        let lower = user_agent.to_ascii_lowercase();
        if matches!(lower.as_str(), "" | "-") {
            return Self("none");
        }
        Self(MARKS.iter().find(|(mark, _)| lower.contains(mark)).map_or("Other", |(_, family)| family))
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_are_told_from_the_browsers_they_dress_up_as() {
        for (agent, family) in [
            (
                "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/33.0 Safari/537.36",
                "Chrome",
            ),
            (
                "Mozilla/5.0 (Macintosh) AppleWebKit/537 (KHTML, like Gecko) Version/7.0 Safari/537.74",
                "Safari",
            ),
            ("Mozilla/5.0 (Windows NT 6.1; rv:26.0) Gecko/20100101 Firefox/26.0", "Firefox"),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
            ("Mozilla/5.0 (iPhone) Safari/8536.25 (compatible; bingbot/2.0)", "Bingbot"),
            ("curl/7.35", "curl/wget"),
            ("-", "none"),
            ("Something", "Other"),
        ] {
            assert_eq!(AgentFamily::of(agent).as_str(), family, "{agent}");
        }
    }
}
