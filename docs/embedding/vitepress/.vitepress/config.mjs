export default {
  title: "Lamplight in VitePress",
  head: [["script", { type: "module", src: "/lamplight/lamplight.js" }]],
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith("lamplight-") } } },
};
