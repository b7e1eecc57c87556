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
    const status = document.getElementById("told");
    status.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { status.textContent = ""; }, 2000);
  };

  // -- the filter: kept behind the # of the address, so that it can be shared
  const KEYS = ["text", "level", "chapter", "verdict", "candidate", "target"];
  const field = (name) => form.elements.namedItem(name);
  const chosen = () => Object.fromEntries(KEYS.map((key) => [key, field(key) ? field(key).value.trim() : ""]));
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
  // Columns in the words of columns.py: in short, and each by its name.
  const grouped = (numbers) => data.candidates.map((candidate) => {
    const all = columns.filter((column) => column.candidate === candidate);
    return { candidate, all, targets: all.filter((column) => numbers.includes(column.number)).map((column) => column.target) };
  }).filter(({ targets }) => targets.length);
  const places = (numbers) => numbers.length === columns.length ? "" : grouped(numbers).map(({ candidate, all, targets }) => {
    const words = targets.length > 4 ? `${targets.length} targets` : targets.join(" ");
    return !several ? words : targets.length === all.length ? candidate : `${candidate} ${words}`;
  }).join(", ");
  const spelt = (numbers) => grouped(numbers).map(({ candidate, targets }) =>
    `${several ? `in ${candidate} ` : ""}on ${targets.join(", ")}`).join("; ");

  // -- findings and clauses, which are there as text
  const texts = new Map();
  const has = (node, text) => {
    if (!texts.has(node)) texts.set(node, node.textContent.toLowerCase());
    return text.split(/\s+/).every((word) => texts.get(node).includes(word));
  };
  const fitsFinding = (finding, wanted, numbers) =>
    (!wanted.level || finding.dataset.level === wanted.level) &&
    (!wanted.chapter || finding.dataset.chapter === wanted.chapter) &&
    (!wanted.verdict || finding.dataset.verdict.split(" ").includes(wanted.verdict)) &&
    finding.dataset.columns.split(",").some((number) => numbers.includes(+number)) &&
    (!wanted.text || has(finding, wanted.text.toLowerCase()));
  const fitsClause = (clause, wanted, numbers) => {
    const verdicts = clause.dataset.verdicts.split(",");
    const looked = numbers.map((number) => verdicts[number]);
    return (!wanted.level || clause.dataset.level === wanted.level) &&
      (!wanted.chapter || clause.dataset.chapter === wanted.chapter) &&
      (wanted.verdict === "expected" ? clause.dataset.expected === "1" : wanted.verdict ? looked.includes(wanted.verdict) : looked.some(Boolean)) &&
      (!wanted.text || has(clause, wanted.text.toLowerCase()));
  };

  // -- cases: data, of which rows are made as they are wanted
  const [ID, SUMMARY, CHAPTER, CLAUSES, VERDICTS, DIVERGENCES, REASONS] = [0, 1, 2, 3, 4, 5, 6];
  const word = (number) => data.texts[number];
  const lower = new Map();
  const caseText = (row) => {
    if (!lower.has(row)) {
      const parts = [row[ID], row[SUMMARY], ...row[CLAUSES].map(word)];
      for (const divergence of row[DIVERGENCES]) parts.push(word(divergence[0]), word(divergence[2]));
      lower.set(row, parts.join(" ").toLowerCase());
    }
    return lower.get(row);
  };
  const agrees = data.verdicts.indexOf("agrees");
  const fitsCase = (row, wanted, numbers) => {
    if (wanted.text) {
      const text = caseText(row);
      if (!wanted.text.toLowerCase().split(/\s+/).every((part) => text.includes(part))) return false;
    }
    const looked = numbers.map((number) => row[VERDICTS][number]);
    if (!looked.some((verdict) => verdict >= 0)) return false;
    if (wanted.chapter && word(row[CHAPTER]) !== wanted.chapter) return false;
    if (wanted.level) {
      const clauses = [...row[CLAUSES].map(word), ...row[DIVERGENCES].filter((d) => d.length > 4).map((d) => word(d[0]))];
      if (!clauses.some((id) => data.levels[id] === wanted.level)) return false;
    }
    if (wanted.verdict === "expected") return row[DIVERGENCES].some((d) => d[5] === 1);
    if (wanted.verdict) {
      const number = wanted.verdict === "conforms" ? agrees : data.verdicts.indexOf(wanted.verdict);
      if (!looked.includes(number)) return false;
    }
    return true;
  };
  const list = document.getElementById("case-list");
  const STEP = 100; // items that are made at once
  const chip = (verdict, text) => element("span", `chip ${verdict}`, `${data.signs[data.verdicts.indexOf(verdict)]} ${text}`);
  const verdictChips = (row) => {
    const groups = new Map();
    row[VERDICTS].forEach((verdict, number) => {
      if (verdict >= 0) groups.set(verdict, [...(groups.get(verdict) || []), number]);
    });
    return [...groups].map(([verdict, numbers]) => {
      const name = data.verdicts[verdict];
      return chip(name, `${name} ${places(numbers)}`.trim());
    });
  };
  // The command for each candidate, on the target where the case went worst.
  const again = (row) => data.candidates.flatMap((candidate) => {
    const tried = columns.filter((column) => column.candidate === candidate && row[VERDICTS][column.number] >= 0);
    if (!tried.length) return [];
    const worst = tried.reduce((a, b) => (row[VERDICTS][b.number] < row[VERDICTS][a.number] ? b : a));
    const command = word(row[CHAPTER]) === "search"
      ? `${data.search_again[worst.number]} ${row[ID].replace(/\/[^/]*$/, "")}`
      : `${data.again[worst.number]} ${row[ID]}`;
    return [element("p", "again", element("code", "", command))];
  });
  const link = (id, text) => {
    const made = element("a", "", text);
    made.href = "#" + id;
    return made;
  };
  const inside = (row) => {
    const box = element("div", "inside");
    box.append(element("p", "", link("case-" + row[ID], "#"), " ", ...row[CLAUSES].flatMap((id) => [link("clause-" + word(id), word(id)), " "])));
    for (let at = 0; at < row[REASONS].length; at += 2) {
      box.append(element("p", "dim", `${spelt([row[REASONS][at]])}: ${word(row[REASONS][at + 1])}`));
    }
    for (const divergence of row[DIVERGENCES]) {
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
    box.append(...again(row));
    return box;
  };
  const item = (row) => {
    const details = element("details", "", element("summary", "",
      element("span", "name", row[ID]), " ", element("span", "verdicts", ...verdictChips(row)),
      " ", element("span", "sentence", row[SUMMARY])));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(inside(row));
    });
    const made = element("li", "", details);
    made.id = "case-" + row[ID];
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
    const rows = chapter.matching.filter((row) => !chapter.ahead.has(row));
    const at = chapter.list.children.length - chapter.ahead.size;
    chapter.list.append(...rows.slice(at, at + count).map(item));
    const rest = chapter.matching.length - chapter.list.children.length;
    chapter.buttons.hidden = rest <= 0;
    chapter.more.textContent = `Show ${Math.min(STEP, rest)} more of ${rest}`;
  };
  const open = (chapter, count = STEP) => {
    chapter.details.open = true;
    if (!chapter.list.children.length) grow(chapter, count);
  };
  const makeChapter = (name) => {
    const chapter = { matching: [], ahead: new Set(), all: data.cases.filter((row) => word(row[CHAPTER]) === name) };
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
  const counted = (count, all, noun) => `${count === all ? "" : count + " of "}${all} ${noun}${all === 1 ? "" : "s"}`;
  // A chip for each verdict, with the number of things for which it is the worst. verdicts: a list for each thing.
  const tally = (verdicts) => {
    const worst = verdicts.map((numbers) => Math.min(...numbers.filter((verdict) => verdict >= 0)));
    return data.verdicts.flatMap((verdict, number) => {
      const count = worst.filter((other) => other === number).length;
      return count ? [chip(verdict, `${verdict}: ${count}`)] : [];
    });
  };
  const showCases = (matching, opened, numbers) => {
    let room = STEP;
    for (const chapter of chapters.values()) {
      chapter.matching = chapter.all.filter((row) => matching.has(row));
      chapter.ahead.clear();
      chapter.list.replaceChildren();
      chapter.details.hidden = !chapter.matching.length;
      chapter.count.textContent = counted(chapter.matching.length, chapter.all.length, "case");
      chapter.chips.replaceChildren(...tally(chapter.matching.map((row) => numbers.map((number) => row[VERDICTS][number]))));
      chapter.details.open = false;
      if (opened && room > 0 && chapter.matching.length) {
        open(chapter, room);
        room -= chapter.list.children.length;
      }
    }
  };
  for (const name of new Set([...Object.keys(data.chapters), ...data.cases.map((row) => word(row[CHAPTER]))])) {
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
  const fold = (box, selector, noun, opened) => {
    const [fitting, of] = [box.querySelectorAll(`${selector}:not([hidden])`).length, box.querySelector(".count")];
    box.hidden = !fitting;
    box.open = opened && fitting > 0;
    of.textContent = counted(fitting, +of.dataset.of, noun);
  };
  const unfold = document.getElementById("unfold");
  const folded = () => {
    const closed = index.some((chapter) => !chapter.hidden && !chapter.open);
    unfold.textContent = closed ? "Open all chapters" : "Close all chapters";
    unfold.setAttribute("aria-expanded", String(!closed));
    return closed;
  };
  unfold.addEventListener("click", () => {
    const closed = folded();
    for (const chapter of index) chapter.open = closed;
  });
  for (const chapter of index) chapter.addEventListener("toggle", folded);
  const nothing = (section, count, of) => { document.querySelector(`#${section} > .none`).hidden = count > 0 || of === 0; };
  let matching = new Set(); // the cases that fit the filter
  const filter = () => {
    const wanted = chosen();
    const numbers = columnsOf(wanted);
    const opened = filters(wanted);
    let [findingCount, clauseCount] = [0, 0];
    for (const finding of findings) findingCount += !(finding.hidden = !fitsFinding(finding, wanted, numbers));
    for (const clause of clauses) clauseCount += !(clause.hidden = !fitsClause(clause, wanted, numbers));
    for (const candidate of candidates) fold(candidate, "article.finding", "divergence", opened);
    for (const chapter of index) {
      fold(chapter, "details.clause", "clause", opened);
      const verdicts = all("details.clause:not([hidden])", chapter).map((clause) => clause.dataset.verdicts.split(","));
      chapter.querySelector(".verdicts").replaceChildren(
        ...tally(verdicts.map((names) => numbers.map((number) => data.verdicts.indexOf(names[number])))));
    }
    folded();
    matching = new Set(data.cases.filter((row) => fitsCase(row, wanted, numbers)));
    showCases(matching, opened, numbers);
    nothing("divergences", findingCount, findings.length);
    nothing("clauses", clauseCount, clauses.length);
    nothing("cases", matching.size, data.cases.length);
    document.getElementById("shown").textContent =
      `${findingCount} of ${findings.length} divergences, ${clauseCount} of ${clauses.length} clauses, ${matching.size} of ${data.cases.length} cases`;
  };
  const ask = (wanted) => {
    for (const key of KEYS) if (field(key)) field(key).value = wanted[key] || "";
    filter();
  };
  // A case that is not shown yet comes first in its chapter.
  const showCase = (row) => {
    const chapter = chapters.get(word(row[CHAPTER]));
    open(chapter);
    if (!document.getElementById("case-" + row[ID])) {
      chapter.ahead.add(row);
      chapter.list.prepend(item(row));
      grow(chapter, 0);
    }
  };
  const reach = (id) => {
    let target = document.getElementById(id);
    const row = id.startsWith("case-") ? data.cases.find((other) => other[ID] === id.slice(5)) : undefined;
    if (!target && !row) return;
    if (row ? !matching.has(row) : target.closest("[hidden]")) ask({});
    if (row) showCase(row);
    target = document.getElementById(id);
    for (const other of all(".reached")) other.classList.remove("reached");
    target.classList.add("reached");
    if (row) target.querySelector("details").open = true;
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
  const write = () => history.replaceState(null, "", address(chosen()));
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { filter(); write(); }, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("reset").addEventListener("click", () => { ask({}); write(); });
  window.addEventListener("hashchange", follow);
  // A link to the address that is open already changes nothing in it, and is followed all the same.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) follow();
    if (link && link.matches(".link") && navigator.clipboard) {
      navigator.clipboard.writeText(link.href).then(() => say("The link is copied"), () => {});
    }
  });

  // -- copying
  const copy = async (text, name) => {
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
    say(`${name} is copied`);
  };
  const program = (name) => {
    const [head, testCase] = programs.own[name];
    return head + programs.common[0] + testCase + programs.common[1];
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
    unprinted = [...candidates, ...index].filter((box) => !box.open);
    for (const box of unprinted) box.open = true;
  });
  window.addEventListener("afterprint", () => { for (const box of unprinted) box.open = false; });

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
      const shown = findings.filter((finding) => !finding.hidden);
      const at = shown.findIndex((finding) => finding.classList.contains("reached"));
      const next = shown[event.key === "j" ? at + 1 : at < 0 ? shown.length - 1 : at - 1];
      if (next) reach(next.id);
    }
  });

  document.getElementById("cases-count").textContent = data.cases.filter((row) => word(row[CHAPTER]) !== "search").length.toLocaleString("en");
  form.hidden = unfold.hidden = false;
  filter(); // a link to one thing changes nothing of what else is shown
  follow();
})();
