"""What both web doors share: page layouts, static files, security, limits and error pages."""
