"""The referrer's form: one page, for anybody, without signing in."""
