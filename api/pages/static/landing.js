"use strict";
// Whatever comes from the API is put in as text, never as markup.
const at = (id) => document.getElementById(id);
const RESOLUTIONS = { resolved: "已解决", partial: "部分解决", unresolved: "未解决" };
let csrf = null;
let used = null;
let next = null;

async function ask(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (csrf !== null && method !== "GET") headers["X-CSRF-Token"] = csrf;
  const answer = await fetch(path, {
    method, headers, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = answer.status === 204 ? {} : await answer.json();
  return { ok: answer.ok, status: answer.status, told };
}

function show(id) {
  for (const one of ["sign-in", "new-password", "calls"]) at(one).hidden = one !== id;
}

function say(text, bad) {
  at("said").textContent = text;
  at("said").className = bad ? "bad" : "";
}

function enter(session) {
  csrf = session.csrf_token;
  if (session.must_change_password) {
    show("new-password");
    return;
  }
  at("who").textContent = session.name;
  at("rows").replaceChildren();
  next = null;
  show("calls");
  more();
}

function cell(row, text, kind) {
  const made = document.createElement("td");
  made.textContent = text;
  if (kind) made.className = kind;
  row.append(made);
}

function verdict(report) {
  if (report.critical_failure) return ["不合格 · 一票否决", "bad"];
  if (report.final_passed === null) return ["未判定", "warn"];
  return report.final_passed ? ["合格", "good"] : ["不合格", "bad"];
}

function add(report) {
  const row = document.createElement("tr");
  cell(row, new Date(report.happened_at).toLocaleString("zh-CN"));
  cell(row, report.external_id);
  cell(row, report.scorecard_key);
  cell(row, report.agent_name || report.agent_id || "—");
  cell(row, report.final_percent.toFixed(1), "number");
  cell(row, ...verdict(report));
  cell(row, `${Math.round(report.coverage * 100)}%`, "number");
  cell(row, report.emotion_index === null ? "未判定" : report.emotion_index.toFixed(0), "number");
  cell(row, RESOLUTIONS[report.resolution] || "未判定");
  cell(row, report.needs_review ? "需要" : "—", report.needs_review ? "warn" : "");
  at("rows").append(row);
}

async function more() {
  const { ok, told } = await ask("GET", "/v1/reports?limit=50" + (next ? `&cursor=${encodeURIComponent(next)}` : ""));
  if (!ok) {
    say(told.detail, true);
    return;
  }
  say("");
  told.items.forEach(add);
  next = told.next_cursor;
  at("more").hidden = next === null;
  at("nothing").hidden = at("rows").childElementCount > 0;
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  const { ok, told } = await ask("POST", "/v1/sessions", { login: given.get("login"), password: given.get("password") });
  if (!ok) {
    say(told.detail, true);
    return;
  }
  say("");
  used = given.get("password");
  event.target.reset();
  enter(told);
});

at("new-password").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  if (given.get("fresh") !== given.get("again")) {
    say("两次写的新密码不一样。", true);
    return;
  }
  const current = used === null ? window.prompt("请再写一遍现在的密码：") : used;
  const changed = await ask("PUT", "/v1/users/me/password", { current_password: current || "", new_password: given.get("fresh") });
  if (!changed.ok) {
    say(changed.told.detail, true);
    return;
  }
  used = null;
  event.target.reset();
  begin();
});

at("sign-out").addEventListener("click", async () => {
  await ask("DELETE", "/v1/sessions/current");
  csrf = null;
  at("rows").replaceChildren();
  show("sign-in");
});
at("more").addEventListener("click", more);

async function begin() {
  const { ok, told } = await ask("GET", "/v1/sessions/current");
  if (ok) enter(told);
  else show("sign-in");
}

async function look() {
  const { told } = await ask("GET", "/readyz");
  const words = { ready: "服务正常", degraded: "服务可用，但有缺", not_ready: "服务暂不可用" };
  const why = (told.checks || []).map((one) => one.reason).filter(Boolean).join(" ");
  at("ready").textContent = (words[told.status] || "状态不明") + (why ? `：${why}` : "");
}

look();
begin();
