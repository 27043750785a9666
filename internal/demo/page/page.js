"use strict";

// What is chosen, and what was drawn last: a part of the page is drawn again only when
// what it shows has changed, so that nothing jumps and no frame loads for nothing.
const chosen = {chat: null, follow: true, mail: null, mailTab: "html", paneTab: "page"};
const drawn = new Map();
const seen = new Set();

const $ = id => document.getElementById(id);

// h makes an element. Text only ever becomes text.
function h(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "onclick") e.addEventListener("click", value);
    else if (value === true) e.setAttribute(name, "");
    else if (value !== false && value != null) e.setAttribute(name, value);
  }
  e.append(...children.filter(c => c != null && c !== false));
  return e;
}

function draw(id, value, make) {
  const key = JSON.stringify(value);
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  const at = $(id), top = at.scrollTop;
  at.replaceChildren(...make());
  at.scrollTop = top;
}

// fresh marks what was not there before.
function fresh(key) {
  const is = !seen.has(key);
  seen.add(key);
  return is ? " fresh" : "";
}

const empty = text => h("p", {class: "empty"}, text);
const chip = (state, text) => h("span", {class: "chip " + state}, text || state.replace("_", " "));
const outcomes = {resolved: "resolved", unresolved: "unresolved", follow_up: "to follow up"};

function drawChats(chats) {
  draw("chats", [chats, chosen.chat], () => chats.map(c => h("li", {},
    h("button", {"aria-current": String(c.id === chosen.chat), onclick: () => choose(c.id)},
      h("span", {class: "name"}, h("bdi", {}, c.name || "A visitor")),
      c.state === "open" ? chip("open", "chatting …") : c.state === "waiting" ? chip("waiting", "waits for contact")
        : c.state === "trouble" ? chip("trouble") : chip(c.done === c.all ? "done" : "working", c.done + " of " + c.all),
      h("span", {class: "about"}, ...about(c))))));
}

// about says what a chat was about, each part in its own direction.
function about(c) {
  const parts = [c.about, c.state === "open" ? "chatting" : outcomes[c.outcome], c.episode > 1 && "episode " + c.episode].filter(Boolean);
  return parts.flatMap((part, i) => [i ? " · " : "", h("bdi", {}, part)]);
}

function drawHead(c) {
  draw("title", c.name, () => [h("bdi", {}, c.name || "A visitor")]);
  draw("facts", [c.about, c.outcome, c.episode, c.id, c.state, c.door], () => [...about(c), (c.state === "open" ? "" : " · ended over " + c.door) + " · ", h("code", {}, c.id)]);
  draw("episode", c.episode, () => ["Start an episode " + (c.episode + 1)]);
  for (const b of document.querySelectorAll(".buttons button")) b.disabled = c.state === "open";
}

const steps = {
  ticket: "File the ticket", notes: "Attach the notes", late_note: "Attach the late note", contact: "Amend the ticket",
  transcript: "Mail the transcript", link: "Send the link",
};

function stepName(step) {
  if (!step) return "…";
  const later = step.episode > 1 && step.kind !== "late_note";
  return (later && step.kind === "ticket" ? "Add to the ticket" : steps[step.kind]) + (later ? " (episode " + step.episode + ")" : "");
}

const holds = {
  dependency: "waits for the ticket", settle: "waits for the chat to settle", contact: "waits for contact data",
  rate_limit: "waits for the vendor's limit", account_paused: "the account is paused", not_configured: "the account is not configured",
};

function drawTimeline(c) {
  const list = c.deliveries || [];
  $("tally").textContent = list.length ? c.done + " of " + c.all + " ended" : "";
  draw("timeline", [c.id, list, c.steps], () => list.length ? list.map(d => {
    const tries = d.attempts || [], last = tries[tries.length - 1];
    const how = [
      d.held_by && holds[d.held_by], d.error && d.error.replaceAll("_", " "),
      tries.length > 1 && tries.length + " tries", last && "in " + (last.duration_ms || "< 1") + " ms", d.receipt && "receipt: " + d.receipt,
    ].filter(Boolean).join(" · ");
    return h("li", {class: fresh(d.id + d.state).trim() || null},
      h("span", {class: "what"}, stepName(c.steps[d.id])),
      h("span", {}, chip(d.state)),
      h("span", {class: "how"}, how, how ? " · " : "", h("code", {title: "the delivery's key, which travels to the other side"}, d.id.slice(0, 8))),
      h("span", {class: "when"}, last ? new Date(last.at).toLocaleTimeString() : ""));
  }) : [h("li", {}, h("span", {class: "soft"}, "The chat has not ended yet."))]);
}

const kinds = {notes: "Internal note: the agents' notes", late_note: "Internal note: came late", contact: "Internal note: contact data", ticket: "Internal note: the next episode"};

function drawDesk(c) {
  draw("desk", [c.id, c.state === "waiting", c.tickets], () => {
    if (!c.tickets.length) {
      return [empty(c.state === "waiting" ? "The ticket waits until somebody can be reached, half an hour at most. “Send contact” lets it go."
        : c.state === "done" ? "No rule asks for a ticket: the chat was resolved." : "Nothing yet.")];
    }
    return c.tickets.map(t => h("article", {class: "ticket"},
      h("h3", {dir: "auto"}, t.subject),
      h("p", {class: "meta"}, h("a", {href: t.url, target: "_blank", rel: "noopener"}, "#" + t.id), chip("", t.status), t.priority && chip(t.priority), t.group, ...t.tags.map(x => chip("", x))),
      h("p", {class: "meta"}, "Requester: ", h("span", {dir: "auto"}, t.requester), t.reach),
      ...[...t.comments].reverse().map(m => comment(t, m, t.comments.indexOf(m))),
      h("pre", {class: "text"}, h("span", {class: "label"}, "The ticket's text"), t.body)));
  });
}

function comment(t, m, i) {
  return h("pre", {class: "text" + (m.public ? "" : " private") + fresh("comment" + t.id + "-" + i)},
    h("span", {class: "label"}, m.public ? "Public comment" : kinds[m.kind]), m.body);
}

function drawMail(c) {
  const mails = c.mails, one = mails.find(m => m.key === chosen.mail) || mails[0];
  draw("mail", [c.id, mails, one && one.key, chosen.mailTab, c.state === "waiting"], () => {
    if (!one) return [empty(c.state === "waiting" ? "There is no address to send the transcript to, yet." : "Nothing yet.")];
    const tab = (id, name) => h("button", {role: "tab", "aria-selected": String(chosen.mailTab === id), onclick: () => { chosen.mailTab = id; redraw(); }}, name);
    return [
      mails.length > 1 && h("div", {class: "mails"}, ...mails.map((m, i) => h("button", {"aria-pressed": String(m === one), onclick: () => { chosen.mail = m.key; redraw(); }},
        "Mail " + (mails.length - i)))),
      h("div", {class: "letter"}, h("h3", {dir: "auto"}, one.subject),
        h("p", {class: "soft"}, one.from + " → " + one.to + one.files.map(f => " · " + f).join(""))),
      h("div", {class: "tabs", role: "tablist"}, tab("html", "HTML"), tab("text", "Text")),
      chosen.mailTab === "html" ? h("iframe", {sandbox: "", src: "/demo/mail/" + one.key, title: "The transcript"}) : h("pre", {class: "plain"}, one.text),
    ].filter(Boolean);
  });
}

function drawPane(c) {
  // The page in the frame knows no script, so it is loaded again when there is news; but
  // not while somebody fills in one of its forms.
  const frame = $("pane").querySelector("iframe");
  if (frame && frame === document.activeElement && c.pane && frame.getAttribute("src") === local(c.pane)) return;
  const news = [c.deliveries, c.details && [c.details.notes, c.details.user, c.details.links, c.details.prior_tickets.map(p => [p.state, p.tickets])]];
  draw("pane", [c.id, chosen.paneTab, chosen.paneTab === "json" ? c.details : news, c.pane], () => {
    if (!c.pane) return [empty("Nothing yet.")];
    const tab = (id, name) => h("button", {role: "tab", "aria-selected": String(chosen.paneTab === id), onclick: () => { chosen.paneTab = id; redraw(); }}, name);
    return [
      h("div", {class: "tabs above", role: "tablist"}, tab("page", "Page"), tab("json", "JSON")),
      chosen.paneTab === "page" ? h("iframe", {sandbox: "allow-popups allow-forms", src: local(c.pane), title: "The details pane"}) : h("pre", {class: "plain"}, JSON.stringify(c.details, null, 2)),
    ];
  });
}

// local is an address of Afterchat's as it is reached from this page.
function local(url) {
  const u = new URL(url);
  return u.pathname + u.search;
}

function drawPhone(c) {
  draw("phone", [c.id, c.texts, c.state === "waiting"], () => {
    if (!c.texts.length) return [empty(c.state === "waiting" ? "There is no number to send a link to, yet." : "No link was sent: there is no number.")];
    return [h("div", {class: "phone"}, h("div", {class: "screen"},
      h("p", {class: "from"}, "SMS to " + c.texts[0].to),
      ...c.texts.flatMap(t => [
        h("p", {class: "bubble" + fresh("text" + t.key), dir: "auto"}, ...linked(t.body)),
        h("p", {class: "receipt"}, t.status + (t.to === c.texts[0].to ? "" : " · to " + t.to))])))];
  });
}

function linked(text) {
  return text.split(/(https?:\/\/[^\s]+)/).map((part, i) => i % 2 ? h("a", {href: part, target: "_blank", rel: "noopener"}, part) : part);
}

let last = null;

function redraw() {
  if (!last) return;
  drawChats(last.chats);
  const c = last.chat;
  if (!c) return;
  drawHead(c);
  drawTimeline(c);
  drawDesk(c);
  drawMail(c);
  drawPane(c);
  drawPhone(c);
}

function choose(id) {
  Object.assign(chosen, {chat: id, follow: false, mail: null});
  refresh();
}

function alert(text) {
  $("alert").hidden = !text;
  $("alert").textContent = text || "";
}

let asking = 0;

async function refresh() {
  const mine = ++asking;
  try {
    let got = await state();
    if (chosen.follow && got.chats.length && got.chats[0].id !== chosen.chat) {
      chosen.chat = got.chats[0].id;
      got = await state();
    }
    if (mine !== asking) return;
    last = got;
    alert("");
    redraw();
  } catch {
    if (mine === asking) alert("The demo does not answer. Has it been stopped?");
  }
}

async function state() {
  const answer = await fetch("/demo/state?chat=" + encodeURIComponent(chosen.chat || ""));
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

async function act(button) {
  const what = button.dataset.do;
  button.disabled = true;
  try {
    const path = what === "chat" ? "/demo/chats" : "/demo/chats/" + encodeURIComponent(chosen.chat) + "/" + what;
    const answer = await fetch(path, {method: "POST"});
    const got = await answer.json();
    if (got.error) alert(got.error);
    else if (what === "chat") choose(got.chat);
  } catch {
    alert("The demo does not answer. Has it been stopped?");
  }
  button.disabled = false;
  refresh();
}

for (const b of document.querySelectorAll("button[data-do]")) b.addEventListener("click", () => act(b));

(async function poll() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise(done => setTimeout(done, 700));
  }
})();
