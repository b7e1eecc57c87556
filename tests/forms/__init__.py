"""Right implementations in many forms, none of which may be accused."""
