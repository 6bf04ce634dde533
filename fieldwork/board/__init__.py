"""The dispatcher's board as it is shown; `fieldwork.planning.board` is what changes it."""
