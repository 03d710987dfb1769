(() => {
  "use strict";
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const turn = (index) => document.getElementById("t" + index);
  const clear = () => all(".lit, .looked").forEach((el) => el.classList.remove("lit", "looked"));
  const show = (el) => el && el.scrollIntoView({ block: "center" });

  function light(criterion) {
    clear();
    const key = criterion.dataset.key;
    const marks = all("mark").filter((el) => el.dataset.keys.split(" ").includes(key));
    marks.forEach((el) => el.classList.add("lit"));
    for (const span of criterion.dataset.looked.split(" ").filter(Boolean)) {
      const [first, last] = span.split("-").map(Number);
      for (let i = first; i <= last; i += 1) turn(i)?.classList.add("looked");
    }
    const nearest = criterion.dataset.nearest;
    if (nearest) turn(nearest)?.classList.add("lit");
    show(marks[0] || (nearest && turn(nearest)) || document.querySelector(".looked"));
  }

  all(".crit > button").forEach((button) => button.addEventListener("click", () => {
    const criterion = button.parentElement;
    const open = criterion.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
    if (open) light(criterion); else clear();
  }));

  all("mark").forEach((el) => el.addEventListener("click", () => {
    const key = el.dataset.keys.split(" ")[0];
    const criterion = all(".crit").find((item) => item.dataset.key === key);
    if (!criterion) return;
    criterion.classList.add("open");
    criterion.firstElementChild.setAttribute("aria-expanded", "true");
    clear();
    all("mark").filter((m) => m.dataset.keys.split(" ").includes(key)).forEach((m) => m.classList.add("lit"));
    criterion.scrollIntoView({ block: "nearest" });
  }));

  function follow() {
    const target = /^#t\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (!target) return;
    clear();
    target.classList.add("lit");
    show(target);
  }
  all('a[href^="#t"]').forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    follow();
  }));
  window.addEventListener("hashchange", follow);
  follow();
})();
