"""What a key may do, word by word; what is not granted is refused."""

SCOPES = {
    "calls:read": "read calls, their journeys and how they ended",
    "calls:write": "say what a call was about (its disposition)",
    "surveys:read": "read what callers answered",
    "recordings:read": "read what is known of recordings; never their sound",
    "tickets:read": "read tickets, their comments and history",
    "tickets:write": "make tickets, change them and comment on them",
    "callers:read": "see numbers of callers as they are; without it a pseudonym stands in their place",
    "operators:read": "see the codes of operators; without it a pseudonym stands in their place",
}
