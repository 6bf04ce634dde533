// What time it is for the portal. The phone's own clock may be days off, so only what has passed on it counts, from the
// last time that the portal told (fault 19). `wall` is the phone's clock, `steady` one that nobody can set.
const LONGEST_SLEEP = 16 * 3_600_000; // a night: the steady clock may stand still while the phone sleeps; more, and the other was set
const LONGEST_CLOSED = 14 * 24 * 3_600_000; // the app was closed so long at most; else its clock was set

export function clock({ wall, steady }) {
  let base = null; // the portal's time `at`, and both clocks then

  const from = (at) => { base = { at, wall: wall(), steady: steady() }; };

  function now() {
    if (!base) return wall();
    const ticked = steady() - base.steady;
    const passed = wall() - base.wall;
    const slept = passed - ticked;
    return base.at + (slept > 0 && slept <= LONGEST_SLEEP ? passed : ticked);
  }

  return {
    now,
    // The portal said so just now.
    learn: from,
    // To be kept for the next start; begins again from here, so that each gap is judged alone.
    kept() {
      if (!base) return null;
      from(now());
      return { at: base.at, wall: base.wall };
    },
    // After a start: what was kept, and what has passed since by the phone's clock, where that can be.
    restore({ at, wall: then }) {
      const passed = wall() - then;
      from(at + (passed >= 0 && passed <= LONGEST_CLOSED ? passed : 0));
    },
  };
}
