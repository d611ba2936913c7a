// The words of a figure's own controls, in English and in Simplified Chinese. What happens in the run is said by the engine.

const WORDS = {
  play: ["Play", "播放"],
  pause: ["Pause", "暂停"],
  step: ["Step", "下一步"],
  back: ["Step back", "上一步"],
  milestone: ["Next milestone", "下一个要点"],
  reset: ["From the start", "从头开始"],
  position: ["Position in the run", "运行位置"],
  stage: ["Cluster", "集群"],
  controls: ["Controls", "控制"],
  faults: ["Faults", "故障"],
  open: ["Open in Lamplight", "在 Lamplight 中打开"],
  load: ["Load the figure", "加载图示"],
  crash: ["Crash {0}", "使 {0} 崩溃"],
  restart: ["Restart {0}", "重启 {0}"],
  cut: ["Cut {0} off", "隔离 {0}"],
  heal: ["Heal the network", "恢复网络"],
  choose: ["Choose a node first", "请先选择一个节点"],
  step_of: ["step {0}", "第 {0} 步"],
  failed: ["This figure could not be shown: {0}", "无法显示此图示：{0}"],
  again: ["Try again", "重试"],
  start: ["The run stands at its start.", "运行位于起点。"],
  diagram: ["Space-time diagram", "时空图"],
  goal: ["Goal:", "目标："],
  reached: ["Reached at step {0}:", "已在第 {0} 步达成："],
};

for (const [key, words] of Object.entries(WORDS)) {
  // The build runs this, so that a word in one language only ends it.
  if (words.length !== 2 || !words.every(Boolean)) throw new Error(`the words of "${key}" are not in both languages`);
}

/** A word or sentence in the language of this tag, with what stands in its gaps. */
export function say(lang, key, ...gaps) {
  const text = WORDS[key][/^zh/i.test(lang) ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, at) => gaps[at] ?? "");
}
