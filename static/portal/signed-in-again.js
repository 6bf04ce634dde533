/** The tab in which somebody signed in again: their form in the other tab goes on, and this one closes. */
new BroadcastChannel("portal").postMessage("signed-in");
window.close();
