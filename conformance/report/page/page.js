"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const programs = JSON.parse(document.getElementById("programs").textContent);
  const form = document.getElementById("filter");
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const say = (text) => {
    const told = document.getElementById("told");
    told.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { told.textContent = ""; }, 2000);
  };

  // -- what is asked for: kept behind the # of the address, so that it can be shared
  const KEYS = ["text", "level", "chapter", "verdict", "target"];
  const field = (name) => form.elements.namedItem(name);
  const asked = () => Object.fromEntries(KEYS.map((key) => [key, field(key) ? field(key).value.trim() : ""]));
  const address = (wanted) => {
    const parts = KEYS.filter((key) => wanted[key]).map((key) => `${key}=${encodeURIComponent(wanted[key])}`);
    return parts.length ? "#" + parts.join("&") : "#";
  };

  // -- findings and clauses, which are there as text
  const texts = new Map();
  const has = (one, text) => {
    if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
    return text.split(/\s+/).every((word) => texts.get(one).includes(word));
  };
  const fitsFinding = (one, wanted) =>
    (!wanted.level || one.dataset.level === wanted.level) &&
    (!wanted.chapter || one.dataset.chapter === wanted.chapter) &&
    (!wanted.verdict || one.dataset.verdict.split(" ").includes(wanted.verdict)) &&
    (!wanted.target || one.dataset.targets.includes(` ${wanted.target} `)) &&
    (!wanted.text || has(one, wanted.text.toLowerCase()));
  const fitsClause = (one, wanted) => {
    const verdicts = one.dataset.verdicts.split(",");
    const looked = wanted.target ? [verdicts[+wanted.target]] : verdicts;
    return (!wanted.level || one.dataset.level === wanted.level) &&
      (!wanted.chapter || one.dataset.chapter === wanted.chapter) &&
      (wanted.verdict === "expected" ? one.dataset.expected === "1" : wanted.verdict ? looked.includes(wanted.verdict) : looked.some(Boolean)) &&
      (!wanted.text || has(one, wanted.text.toLowerCase()));
  };

  // -- cases: data, of which as many are shown as are asked for
  const [ID, SUMMARY, CHAPTER, CLAUSES, VERDICTS, DIVERGENCES, REASONS] = [0, 1, 2, 3, 4, 5, 6];
  const word = (number) => data.texts[number];
  const lower = new Map();
  const caseText = (one) => {
    if (!lower.has(one)) {
      const parts = [one[ID], one[SUMMARY], ...one[CLAUSES].map(word)];
      for (const divergence of one[DIVERGENCES]) parts.push(word(divergence[0]), word(divergence[2]));
      lower.set(one, parts.join(" ").toLowerCase());
    }
    return lower.get(one);
  };
  const agrees = data.verdicts.indexOf("agrees");
  const fitsCase = (one, wanted) => {
    if (wanted.text) {
      const text = caseText(one);
      if (!wanted.text.toLowerCase().split(/\s+/).every((part) => text.includes(part))) return false;
    }
    if (wanted.target && one[VERDICTS][+wanted.target] < 0) return false;
    if (wanted.chapter && word(one[CHAPTER]) !== wanted.chapter) return false;
    if (wanted.level) {
      const clauses = [...one[CLAUSES].map(word), ...one[DIVERGENCES].filter((d) => d.length > 4).map((d) => word(d[0]))];
      if (!clauses.some((id) => data.levels[id] === wanted.level)) return false;
    }
    if (wanted.verdict === "expected") return one[DIVERGENCES].some((d) => d[5] === 1);
    if (wanted.verdict) {
      const number = wanted.verdict === "conforms" ? agrees : data.verdicts.indexOf(wanted.verdict);
      const looked = wanted.target ? [one[VERDICTS][+wanted.target]] : one[VERDICTS];
      if (!looked.includes(number)) return false;
    }
    return true;
  };
  const list = document.getElementById("case-list");
  const STEP = 100;
  let found = [];
  const chip = (verdict, text) => element("span", `chip ${verdict}`, `${data.signs[data.verdicts.indexOf(verdict)]} ${text}`);
  const verdictChips = (one) => {
    const groups = new Map();
    one[VERDICTS].forEach((verdict, target) => {
      if (verdict >= 0) groups.set(verdict, [...(groups.get(verdict) || []), data.targets[target]]);
    });
    const alone = groups.size === 1 && [...groups.values()][0].length === data.targets.length;
    return [...groups].map(([verdict, targets]) => {
      const name = data.verdicts[verdict];
      return chip(name, alone ? name : `${name} ${targets.length > 4 ? targets.length + " targets" : targets.join(" ")}`);
    });
  };
  const link = (id, text) => {
    const made = element("a", "", text);
    made.href = "#" + id;
    return made;
  };
  const inside = (one) => {
    const box = element("div", "inside");
    box.append(element("p", "", link("case-" + one[ID], "#"), " ", ...one[CLAUSES].flatMap((id) => [link("clause-" + word(id), word(id)), " "])));
    for (let at = 0; at < one[REASONS].length; at += 2) {
      box.append(element("p", "dim", `${data.targets[one[REASONS][at]]}: ${word(one[REASONS][at + 1])}`));
    }
    for (const divergence of one[DIVERGENCES]) {
      const targets = divergence[divergence.length - 1].map((target) => data.targets[target]).join(", ");
      if (divergence.length > 4) {
        const [clause, , where, oracle, candidate, expected] = divergence;
        const two = element("div", "two",
          element("div", "", element("h4", "", "oracle"), element("pre", "value", word(oracle))),
          element("div", "", element("h4", "", "candidate"), element("pre", "value", word(candidate))));
        box.append(element("p", "", link("clause-" + word(clause), word(clause)), ` on ${targets}: `, element("strong", "", word(where)), expected ? " (expected)" : ""), two);
      } else {
        box.append(element("p", "dim", `then also, on ${targets}: ${word(divergence[2])} (${word(divergence[0])})`));
      }
    }
    box.append(element("p", "again", element("code", "", word(one[CHAPTER]) === "search" ? `${data.search_again} ${one[ID].replace(/\/[^/]*$/, "")}` : `${data.again} ${one[ID]}`)));
    return box;
  };
  const item = (one) => {
    const details = element("details", "", element("summary", "",
      element("span", "name", one[ID]), " ", element("span", "verdicts", ...verdictChips(one)),
      " ", element("span", "sentence", one[SUMMARY])));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(inside(one));
    });
    const made = element("li", "", details);
    made.id = "case-" + one[ID];
    return made;
  };
  const more = document.getElementById("more");
  const everything = document.getElementById("everything");
  const grow = (count) => {
    const at = list.children.length;
    list.append(...found.slice(at, at + count).map(item));
    const rest = found.length - list.children.length;
    more.hidden = everything.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(STEP, rest)} more of ${rest}`;
  };
  more.addEventListener("click", () => grow(STEP));
  everything.addEventListener("click", () => grow(found.length));

  // -- filtering
  const findings = all("article.finding");
  const clauses = all("details.clause");
  const nothing = (section, count, of) => { document.querySelector(`#${section} > .none`).hidden = count > 0 || of === 0; };
  const filter = () => {
    const wanted = asked();
    let [some, own] = [0, 0];
    for (const one of findings) some += !(one.hidden = !fitsFinding(one, wanted));
    for (const one of clauses) own += !(one.hidden = !fitsClause(one, wanted));
    for (const one of all(".chapter")) one.hidden = !one.querySelector("details.clause:not([hidden])");
    found = data.cases.filter((one) => fitsCase(one, wanted));
    list.replaceChildren();
    grow(STEP);
    nothing("divergences", some, findings.length);
    nothing("clauses", own, clauses.length);
    nothing("cases", found.length, data.cases.length);
    document.getElementById("shown").textContent =
      `${some} of ${findings.length} divergences, ${own} of ${clauses.length} clauses, ${found.length} of ${data.cases.length} cases`;
  };
  const ask = (wanted) => {
    for (const key of KEYS) if (field(key)) field(key).value = wanted[key] || "";
    filter();
  };
  const reach = (id) => {
    let target = document.getElementById(id);
    const number = id.startsWith("case-") ? data.cases.findIndex((one) => one[ID] === id.slice(5)) : -1;
    if (!target && number < 0) return;
    const hidden = (one) => one.closest("[hidden]");
    if (target ? hidden(target) : !found.includes(data.cases[number])) ask({});
    if (number >= 0 && !document.getElementById(id)) list.prepend(item(data.cases[number]));
    target = document.getElementById(id);
    for (const one of all(".reached")) one.classList.remove("reached");
    target.classList.add("reached");
    const details = target.matches("details") ? target : number >= 0 ? target.querySelector("details") : null;
    if (details) details.open = true;
    const focus = () => {
      target.scrollIntoView();
      (target.querySelector("summary") || target).focus({ preventScroll: true });
    };
    focus();
    // The browser itself goes to what stands behind the # when all is loaded, and takes the focus along.
    if (document.readyState !== "complete") window.addEventListener("load", () => setTimeout(focus));
  };
  const follow = () => {
    let hash = location.hash.slice(1);
    try { hash = decodeURIComponent(hash); } catch { /* it is what it is */ }
    if (!hash) return ask({});
    if (!/^\w+=/.test(hash)) return reach(hash);
    const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    ask(wanted);
    const to = document.getElementById(wanted.to || "divergences");
    if (to) to.scrollIntoView();
  };
  const write = () => history.replaceState(null, "", address(asked()));
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { filter(); write(); }, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("reset").addEventListener("click", () => { ask({}); write(); });
  window.addEventListener("hashchange", follow);
  // A link to where one is already changes nothing in the address, and is to be followed all the same.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) follow();
    if (link && link.matches(".link") && navigator.clipboard) {
      navigator.clipboard.writeText(link.href).then(() => say("The link is copied"), () => {});
    }
  });

  // -- copying
  const copy = async (text, what) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", "");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(`${what} is copied`);
  };
  const program = (name) => {
    const [head, own] = programs.own[name];
    return head + programs.common[0] + own + programs.common[1];
  };
  for (const button of all("[data-copy=again]")) {
    button.addEventListener("click", () => copy(button.parentElement.querySelector("code").textContent, "The command"));
  }
  for (const button of all("[data-program]")) {
    button.addEventListener("click", () => {
      const name = button.dataset.program;
      if (button.matches(".copy")) copy(program(name), "The reproducer");
      if (button.matches(".save")) {
        const anchor = element("a", "");
        anchor.href = URL.createObjectURL(new Blob([program(name)], { type: "text/x-python" }));
        anchor.download = "repro.py";
        anchor.click();
        setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
      }
      if (button.matches(".look")) {
        const article = button.closest("article");
        const shown = article.querySelector("pre.program");
        if (shown) shown.remove();
        else article.append(Object.assign(element("pre", "program fixture", program(name)), { tabIndex: 0 }));
        button.setAttribute("aria-expanded", String(!shown));
        button.textContent = shown ? "Show it" : "Hide it";
      }
    });
  }
  for (const box of all(".all-fields")) {
    box.addEventListener("change", () => box.closest(".observed").classList.toggle("all", box.checked));
  }

  // -- keys
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      field("text").focus();
    }
    if (event.key === "j" || event.key === "k") {
      const shown = findings.filter((one) => !one.hidden);
      const at = shown.findIndex((one) => one.classList.contains("reached"));
      const next = shown[event.key === "j" ? at + 1 : at < 0 ? shown.length - 1 : at - 1];
      if (next) reach(next.id);
    }
  });

  document.getElementById("cases-count").textContent = data.cases.filter((one) => word(one[CHAPTER]) !== "search").length.toLocaleString("en");
  form.hidden = false;
  follow();
})();
