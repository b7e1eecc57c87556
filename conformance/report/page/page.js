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
  const KEYS = ["text", "level", "chapter", "verdict", "candidate", "target"];
  const field = (name) => form.elements.namedItem(name);
  const asked = () => Object.fromEntries(KEYS.map((key) => [key, field(key) ? field(key).value.trim() : ""]));
  const address = (wanted) => {
    const parts = KEYS.filter((key) => wanted[key]).map((key) => `${key}=${encodeURIComponent(wanted[key])}`);
    return parts.length ? "#" + parts.join("&") : "#";
  };
  const filters = (wanted) => KEYS.some((key) => wanted[key]);

  // -- columns: each candidate on each of its targets
  const columns = data.columns.map(([candidate, target], number) => ({
    number, candidate: data.candidates[candidate], target: data.targets[target],
  }));
  const columnsOf = (wanted) => columns.filter((column) =>
    (!wanted.candidate || column.candidate === wanted.candidate) && (!wanted.target || column.target === wanted.target))
    .map((column) => column.number);
  const several = data.candidates.length > 1;
  // Some columns in the words of columns.py: in short, and each by its name.
  const grouped = (numbers) => data.candidates.map((candidate) => {
    const all = columns.filter((column) => column.candidate === candidate);
    return { candidate, all, own: all.filter((column) => numbers.includes(column.number)).map((column) => column.target) };
  }).filter(({ own }) => own.length);
  const places = (numbers) => numbers.length === columns.length ? "" : grouped(numbers).map(({ candidate, all, own }) => {
    const some = own.length > 4 ? `${own.length} targets` : own.join(" ");
    return !several ? some : own.length === all.length ? candidate : `${candidate} ${some}`;
  }).join(", ");
  const spelt = (numbers) => grouped(numbers).map(({ candidate, own }) =>
    `${several ? `in ${candidate} ` : ""}on ${own.join(", ")}`).join("; ");

  // -- findings and clauses, which are there as text
  const texts = new Map();
  const has = (one, text) => {
    if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
    return text.split(/\s+/).every((word) => texts.get(one).includes(word));
  };
  const fitsFinding = (one, wanted, numbers) =>
    (!wanted.level || one.dataset.level === wanted.level) &&
    (!wanted.chapter || one.dataset.chapter === wanted.chapter) &&
    (!wanted.verdict || one.dataset.verdict.split(" ").includes(wanted.verdict)) &&
    one.dataset.columns.split(",").some((number) => numbers.includes(+number)) &&
    (!wanted.text || has(one, wanted.text.toLowerCase()));
  const fitsClause = (one, wanted, numbers) => {
    const verdicts = one.dataset.verdicts.split(",");
    const looked = numbers.map((number) => verdicts[number]);
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
  const fitsCase = (one, wanted, numbers) => {
    if (wanted.text) {
      const text = caseText(one);
      if (!wanted.text.toLowerCase().split(/\s+/).every((part) => text.includes(part))) return false;
    }
    const looked = numbers.map((number) => one[VERDICTS][number]);
    if (!looked.some((verdict) => verdict >= 0)) return false;
    if (wanted.chapter && word(one[CHAPTER]) !== wanted.chapter) return false;
    if (wanted.level) {
      const clauses = [...one[CLAUSES].map(word), ...one[DIVERGENCES].filter((d) => d.length > 4).map((d) => word(d[0]))];
      if (!clauses.some((id) => data.levels[id] === wanted.level)) return false;
    }
    if (wanted.verdict === "expected") return one[DIVERGENCES].some((d) => d[5] === 1);
    if (wanted.verdict) {
      const number = wanted.verdict === "conforms" ? agrees : data.verdicts.indexOf(wanted.verdict);
      if (!looked.includes(number)) return false;
    }
    return true;
  };
  const list = document.getElementById("case-list");
  const STEP = 100; // items that are made at once
  const chip = (verdict, text) => element("span", `chip ${verdict}`, `${data.signs[data.verdicts.indexOf(verdict)]} ${text}`);
  const verdictChips = (one) => {
    const groups = new Map();
    one[VERDICTS].forEach((verdict, number) => {
      if (verdict >= 0) groups.set(verdict, [...(groups.get(verdict) || []), number]);
    });
    return [...groups].map(([verdict, numbers]) => {
      const name = data.verdicts[verdict];
      return chip(name, `${name} ${places(numbers)}`.trim());
    });
  };
  // The command for each candidate, on the target where the case went worst.
  const again = (one) => data.candidates.flatMap((candidate) => {
    const own = columns.filter((column) => column.candidate === candidate && one[VERDICTS][column.number] >= 0);
    if (!own.length) return [];
    const worst = own.reduce((a, b) => (one[VERDICTS][b.number] < one[VERDICTS][a.number] ? b : a));
    const command = word(one[CHAPTER]) === "search"
      ? `${data.search_again[worst.number]} ${one[ID].replace(/\/[^/]*$/, "")}`
      : `${data.again[worst.number]} ${one[ID]}`;
    return [element("p", "again", element("code", "", command))];
  });
  const link = (id, text) => {
    const made = element("a", "", text);
    made.href = "#" + id;
    return made;
  };
  const inside = (one) => {
    const box = element("div", "inside");
    box.append(element("p", "", link("case-" + one[ID], "#"), " ", ...one[CLAUSES].flatMap((id) => [link("clause-" + word(id), word(id)), " "])));
    for (let at = 0; at < one[REASONS].length; at += 2) {
      box.append(element("p", "dim", `${spelt([one[REASONS][at]])}: ${word(one[REASONS][at + 1])}`));
    }
    for (const divergence of one[DIVERGENCES]) {
      const where = spelt(divergence[divergence.length - 1]);
      if (divergence.length > 4) {
        const [clause, , field, oracle, candidate, expected] = divergence;
        const two = element("div", "two",
          element("div", "", element("h4", "side", "oracle"), element("pre", "value", word(oracle))),
          element("div", "", element("h4", "side", "candidate"), element("pre", "value", word(candidate))));
        box.append(element("p", "", link("clause-" + word(clause), word(clause)), ` ${where}: `, element("strong", "", word(field)), expected ? " (expected)" : ""), two);
      } else {
        box.append(element("p", "dim", `then also, ${where}: ${word(divergence[2])} (${word(divergence[0])})`));
      }
    }
    box.append(...again(one));
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

  // A chapter of cases, which makes its items when it is opened.
  const chapters = new Map();
  const button = (text, act) => {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  const grow = (chapter, count) => {
    const rows = chapter.found.filter((one) => !chapter.ahead.has(one));
    const at = chapter.list.children.length - chapter.ahead.size;
    chapter.list.append(...rows.slice(at, at + count).map(item));
    const rest = chapter.found.length - chapter.list.children.length;
    chapter.buttons.hidden = rest <= 0;
    chapter.more.textContent = `Show ${Math.min(STEP, rest)} more of ${rest}`;
  };
  const open = (chapter, count = STEP) => {
    chapter.details.open = true;
    if (!chapter.list.children.length) grow(chapter, count);
  };
  const makeChapter = (name) => {
    const chapter = { found: [], ahead: new Set(), all: data.cases.filter((one) => word(one[CHAPTER]) === name) };
    chapter.list = element("ol", "");
    chapter.more = button("", () => grow(chapter, STEP));
    chapter.buttons = element("p", "screen", chapter.more, " ", button("Show all of them", () => grow(chapter, Infinity)));
    chapter.count = element("span", "count");
    chapter.chips = element("span", "verdicts");
    chapter.details = element("details", "chapter",
      element("summary", "", element("h3", "", data.chapters[name] || name), " ", chapter.count, " ", chapter.chips),
      chapter.list, chapter.buttons);
    chapter.details.id = `cases-${name}`;
    chapter.details.addEventListener("toggle", () => { if (chapter.details.open) open(chapter); });
    return chapter;
  };
  const counted = (some, all, what) => `${some === all ? "" : some + " of "}${all} ${what}${all === 1 ? "" : "s"}`;
  // How many have which verdict where they stand worst: a chip each. verdicts: a list for each of them, by number.
  const tally = (verdicts) => {
    const worst = verdicts.map((own) => Math.min(...own.filter((verdict) => verdict >= 0)));
    return data.verdicts.flatMap((verdict, number) => {
      const count = worst.filter((one) => one === number).length;
      return count ? [chip(verdict, `${verdict}: ${count}`)] : [];
    });
  };
  const showCases = (found, opened, numbers) => {
    let room = STEP;
    for (const chapter of chapters.values()) {
      chapter.found = chapter.all.filter((one) => found.has(one));
      chapter.ahead.clear();
      chapter.list.replaceChildren();
      chapter.details.hidden = !chapter.found.length;
      chapter.count.textContent = counted(chapter.found.length, chapter.all.length, "case");
      chapter.chips.replaceChildren(...tally(chapter.found.map((one) => numbers.map((number) => one[VERDICTS][number]))));
      chapter.details.open = false;
      if (opened && room > 0 && chapter.found.length) {
        open(chapter, room);
        room -= chapter.list.children.length;
      }
    }
  };
  for (const name of new Set([...Object.keys(data.chapters), ...data.cases.map((one) => word(one[CHAPTER]))])) {
    const chapter = makeChapter(name);
    if (chapter.all.length) {
      chapters.set(name, chapter);
      list.append(chapter.details);
    }
  }

  // -- filtering
  const findings = all("article.finding");
  const clauses = all("details.clause");
  const index = all("#clauses > .chapter");
  const candidates = all(".of-candidate");
  const fold = (one, selector, what, opened) => {
    const [fitting, of] = [one.querySelectorAll(`${selector}:not([hidden])`).length, one.querySelector(".count")];
    one.hidden = !fitting;
    one.open = opened && fitting > 0;
    of.textContent = counted(fitting, +of.dataset.of, what);
  };
  const unfold = document.getElementById("unfold");
  const folded = () => {
    const closed = index.some((one) => !one.hidden && !one.open);
    unfold.textContent = closed ? "Open all chapters" : "Close all chapters";
    unfold.setAttribute("aria-expanded", String(!closed));
    return closed;
  };
  unfold.addEventListener("click", () => {
    const closed = folded();
    for (const one of index) one.open = closed;
  });
  for (const one of index) one.addEventListener("toggle", folded);
  const nothing = (section, count, of) => { document.querySelector(`#${section} > .none`).hidden = count > 0 || of === 0; };
  let found = new Set();
  const filter = () => {
    const wanted = asked();
    const numbers = columnsOf(wanted);
    const opened = filters(wanted);
    let [some, own] = [0, 0];
    for (const one of findings) some += !(one.hidden = !fitsFinding(one, wanted, numbers));
    for (const one of clauses) own += !(one.hidden = !fitsClause(one, wanted, numbers));
    for (const one of candidates) fold(one, "article.finding", "divergence", opened);
    for (const one of index) {
      fold(one, "details.clause", "clause", opened);
      const verdicts = all("details.clause:not([hidden])", one).map((clause) => clause.dataset.verdicts.split(","));
      one.querySelector(".verdicts").replaceChildren(
        ...tally(verdicts.map((own) => numbers.map((number) => data.verdicts.indexOf(own[number])))));
    }
    folded();
    found = new Set(data.cases.filter((one) => fitsCase(one, wanted, numbers)));
    showCases(found, opened, numbers);
    nothing("divergences", some, findings.length);
    nothing("clauses", own, clauses.length);
    nothing("cases", found.size, data.cases.length);
    document.getElementById("shown").textContent =
      `${some} of ${findings.length} divergences, ${own} of ${clauses.length} clauses, ${found.size} of ${data.cases.length} cases`;
  };
  const ask = (wanted) => {
    for (const key of KEYS) if (field(key)) field(key).value = wanted[key] || "";
    filter();
  };
  // A case that is not shown yet comes first in its chapter.
  const showCase = (one) => {
    const chapter = chapters.get(word(one[CHAPTER]));
    open(chapter);
    if (!document.getElementById("case-" + one[ID])) {
      chapter.ahead.add(one);
      chapter.list.prepend(item(one));
      grow(chapter, 0);
    }
  };
  const reach = (id) => {
    let target = document.getElementById(id);
    const one = id.startsWith("case-") ? data.cases.find((some) => some[ID] === id.slice(5)) : undefined;
    if (!target && !one) return;
    if (one ? !found.has(one) : target.closest("[hidden]")) ask({});
    if (one) showCase(one);
    target = document.getElementById(id);
    for (const other of all(".reached")) other.classList.remove("reached");
    target.classList.add("reached");
    if (one) target.querySelector("details").open = true;
    for (let around = target; around; around = around.parentElement) if (around.matches("details")) around.open = true;
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
        else article.append(Object.assign(element("pre", "program", program(name)), { tabIndex: 0 }));
        button.setAttribute("aria-expanded", String(!shown));
        button.textContent = shown ? "Show it" : "Hide it";
      }
    });
  }
  for (const box of all(".all-fields")) {
    box.addEventListener("change", () => box.closest(".observed").classList.toggle("all", box.checked));
  }

  // -- paper: all divergences and clauses, and of the cases those that are on the screen
  let unprinted = [];
  window.addEventListener("beforeprint", () => {
    unprinted = [...candidates, ...index].filter((one) => !one.open);
    for (const one of unprinted) one.open = true;
  });
  window.addEventListener("afterprint", () => { for (const one of unprinted) one.open = false; });

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
  form.hidden = unfold.hidden = false;
  filter(); // a link to one thing changes nothing of what else is shown
  follow();
})();
