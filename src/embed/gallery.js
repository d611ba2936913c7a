// Ten figures that people need most, each with the text that makes it, to be copied in one click.

import "./lamplight.js";

const lang = /^zh/i.test(new URLSearchParams(location.search).get("lang") ?? navigator.language) ? "zh" : "en";
const say = ([en, zh]) => (lang === "zh" ? zh : en);

const FIGURES = [
  ["An election", "一次选举", { scenario: "raft/calm", until: "any node leads" }],
  ["Votes that split", "选票瓜分", { scenario: "raft/split-vote" }],
  ["The leader dies", "领导者崩溃", { scenario: "raft/leader-crash", start: "n1 is down" }],
  ["Two that believe they lead", "两个节点都自认为领导者", { scenario: "raft/minority", until: "2 nodes lead" }],
  ["One value is chosen", "选定一个值", { scenario: "paxos/calm" }],
  ["A log of decisions", "一份决议日志", { scenario: "multi-paxos/calm" }],
  ["A transaction commits", "事务提交", { scenario: "two-phase-commit/commit", views: "stage sentence table" }],
  ["Participants in doubt", "参与者悬而未决", { scenario: "two-phase-commit/everyone-in-doubt" }],
  ["Three phases", "三个阶段", { scenario: "three-phase-commit/commit" }],
  ["A join moves a fifth", "加入一个节点，移动五分之一", { scenario: "consistent-hashing/join" }],
];

document.documentElement.lang = lang === "zh" ? "zh-Hans" : "en";
document.title = say(["Lamplight: figures for your pages", "Lamplight：可嵌入的图示"]);

const html = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const main = html("main", {});
main.append(html("h1", { textContent: document.title }));
const intro = say([
  "Each is one element. Copy its text into a page that loads the script.",
  "每个图示都是一个元素。把它的代码复制到已加载脚本的页面中即可。",
]);
main.append(html("p", { textContent: intro }));
const script = `<script type="module" src="${new URL("./lamplight.js", import.meta.url)}"></script>`;

function code(text) {
  const copy = html("button", { type: "button", textContent: say(["Copy", "复制"]) });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = say(["Copied", "已复制"]);
    } catch {
      // Where nothing may be copied, the text is chosen, so that the reader can.
      getSelection().selectAllChildren(shown);
    }
  });
  const shown = html("code", { textContent: text });
  return html("div", { className: "code" }, html("pre", { tabIndex: 0 }, shown), copy);
}

main.append(code(script));
for (const [en, zh, attributes] of FIGURES) {
  const element = document.createElement("lamplight-cluster");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  const words = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  const text = `<lamplight-cluster ${words.join(" ")}></lamplight-cluster>`;
  main.append(html("h2", { textContent: say([en, zh]) }), element, code(text));
}
document.body.append(main);
