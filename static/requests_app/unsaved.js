/**
 * What somebody typed and the server doesn't have yet, kept in this tab alone: it survives a reload, a phone that drops
 * the page, and a sign-in. Nobody else who uses the tab later is shown it.
 */
export class Unsaved {
  constructor(person) {
    this.key = `unsaved:${window.location.pathname}`;
    this.person = person;
  }

  /** `fields`: pairs of a name and its value; `page` and `version`: what they were typed on. */
  keep(fields, page = "", version = "") {
    try {
      const kept = { person: this.person, fields, page, version };
      if (fields.length) window.sessionStorage.setItem(this.key, JSON.stringify(kept));
      else window.sessionStorage.removeItem(this.key);
    } catch {
      this.key = ""; // no room, or not allowed: the page itself still holds it
    }
  }

  read() {
    const kept = JSON.parse(window.sessionStorage.getItem(this.key) ?? "null");
    return kept?.person === this.person ? kept : { fields: [] };
  }
}
