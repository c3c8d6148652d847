// Texts and names that would run, if anything anywhere took text for markup or
// code. Each sets __xss where it succeeds.
const RUN = '__xss=1'

const markup = [
  `<script>${RUN}</script>`, `<ScRiPt>${RUN}</sCrIpT>`, `<script/src=/x.js></script>`, `<script src=data:,${RUN}></script>`, `<script>${RUN}//`,
  `<img src=x onerror=${RUN}>`, `<img/src/onerror=${RUN}>`, `<IMG SRC=x OnErRoR=${RUN}>`, `<img src="x" onerror="${RUN}">`, `<img src='x' onerror='${RUN}'>`,
  `<img src=x:x onerror=${RUN}//`, `<img src=/x.png>`, `<img srcset=x onerror=${RUN}>`, `<image src=x onerror=${RUN}>`, `<img src=x onerror\n=\n${RUN}>`,
  `<svg onload=${RUN}>`, `<svg/onload=${RUN}>`, `<svg><script>${RUN}</script></svg>`, `<svg><animate onbegin=${RUN} attributeName=x>`, `<svg><set onbegin=${RUN} attributename=x>`,
  `<svg><a xlink:href="javascript:${RUN}"><text y=9>x</text></a></svg>`, `<svg><use href="data:image/svg+xml,<svg id=x onload=${RUN} />#x">`, `<svg><foreignObject><body onload=${RUN}>`, `<svg><style>@import'/x.css'</style></svg>`, `<svg><image href=x onerror=${RUN}>`,
  `<math><mtext><img src=x onerror=${RUN}>`, `<math href="javascript:${RUN}">x</math>`, `<math><maction actiontype="statusline#x" xlink:href="javascript:${RUN}">x`, `<math><annotation-xml encoding="text/html"><script>${RUN}</script>`,
  `<body onload=${RUN}>`, `<body onpageshow=${RUN}>`, `<iframe src="javascript:${RUN}">`, `<iframe srcdoc="<script>parent.${RUN}</script>">`, `<iframe onload=${RUN}>`,
  `<object data="javascript:${RUN}">`, `<embed src="javascript:${RUN}">`, `<video onerror=${RUN}><source>`, `<video src=x onerror=${RUN}>`, `<audio src=x onerror=${RUN}>`, `<video poster=/x.png>`,
  `<details open ontoggle=${RUN}>`, `<details ontoggle=${RUN} open><summary>x`, `<input autofocus onfocus=${RUN}>`, `<select autofocus onfocus=${RUN}>`, `<textarea autofocus onfocus=${RUN}>`, `<button autofocus onfocus=${RUN}>`,
  `<x contenteditable onblur=${RUN}>x`, `<x tabindex=1 onfocus=${RUN} autofocus>`, `<x onpointerenter=${RUN}>x`, `<x onanimationstart=${RUN} style="animation:x">`, `<x style="animation:x" onanimationend=${RUN}></x>`, `<div onscrollsnapchange=${RUN}>`,
  `<a href="javascript:${RUN}">x</a>`, `<a href="java&#x09;script:${RUN}">x</a>`, `<a href="&#106;avascript:${RUN}">x</a>`, `<a href=" javascript:${RUN}">x</a>`, `<a href="vbscript:${RUN}">x</a>`, `<a href="data:text/html,<script>${RUN}</script>">x</a>`,
  `<form action="javascript:${RUN}"><button>x`, `<form><button formaction="javascript:${RUN}">x`, `<isindex action="javascript:${RUN}" type=submit>`, `<base href="//evil.example/">`, `<base href="javascript:/a/+${RUN}//">`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`, `<meta http-equiv=refresh content="0;url=/x">`, `<link rel=stylesheet href=/x.css>`, `<link rel=prefetch href="//evil.example/x">`, `<link rel=import href=/x>`, `<style>*{background:url(/x)}</style>`, `<style>@import "/x.css"</style>`,
  `<table background="javascript:${RUN}">`, `<marquee onstart=${RUN}>x`, `<marquee loop=1 onfinish=${RUN}>x`, `<dialog open onclose=${RUN}>`, `<template><img src=x onerror=${RUN}></template>`, `<slot onslotchange=${RUN}>x`, `<portal src="javascript:${RUN}">`,
  `<chat-app><script>${RUN}</script></chat-app>`, `<chat-status>You were hacked</chat-status>`, `<article data-seq="1" id="m1">x</article>`, `<form id=chat><input name=attributes>`, `<a id=config><a id=config name=server href=//evil.example>`, `<img name=getElementById>`,
]

const brokenOut = [
  `"><img src=x onerror=${RUN}>`, `'><img src=x onerror=${RUN}>`, `\`><img src=x onerror=${RUN}>`, `" onmouseover="${RUN}`, `' onmouseover='${RUN}`, `" autofocus onfocus="${RUN}`, `x" style="background:url(/x)`, `--><img src=x onerror=${RUN}>`, `<!--><img src=x onerror=${RUN}>-->`, `<!--><script>${RUN}</script>`,
  `]]><img src=x onerror=${RUN}>`, `<![CDATA[><img src=x onerror=${RUN}>]]>`, `</title><script>${RUN}</script>`, `</textarea><script>${RUN}</script>`, `</style><script>${RUN}</script>`, `</script><script>${RUN}</script>`, `</noscript><img src=x onerror=${RUN}>`, `</bdi></span><img src=x onerror=${RUN}>`, `</article></div><script>${RUN}</script>`, `</template><img src=x onerror=${RUN}>`,
  `"}</script><script>${RUN}</script>`, `"};${RUN};//`, `'};${RUN};//`, `\\";${RUN};//`, `\\u003cscript\\u003e${RUN}\\u003c/script\\u003e`, `{"type":"message","from":"x","text":"<script>${RUN}</script>"}`, `","type":"error","message":"<img src=x onerror=${RUN}>`, `</script/><svg/onload=${RUN}>`, `<?xml version="1.0"?><x xmlns="http://www.w3.org/1999/xhtml"><script>${RUN}</script>`, `<?php echo 1 ?><img src=x onerror=${RUN}>`,
]

const templates = [
  `\${${RUN}}`, `{{${RUN}}}`, `{{constructor.constructor('${RUN}')()}}`, `{{{${RUN}}}}`, `<%= ${RUN} %>`, `#{${RUN}}`, `[[${RUN}]]`, `@{${RUN}}`, `{% ${RUN} %}`, `\`+(${RUN})+\``, `$\{\`\${${RUN}}\`}`, `%3Cscript%3E${RUN}%3C/script%3E`, `__proto__`, `constructor`, `{"__proto__":{"xss":1}}`, `$& $1 $\` $'`, `%s %d %c`, `;${RUN};`, `eval('${RUN}')`, `javascript:${RUN}`,
]

const entities = [
  `&lt;script&gt;${RUN}&lt;/script&gt;`, `&#60;script&#62;${RUN}&#60;/script&#62;`, `&#x3C;img src=x onerror=${RUN}&#x3E;`, `&#0000060img src=x onerror=${RUN}>`, `&lt;img src=x onerror=${RUN}&gt;`, `&amp;lt;script&amp;gt;${RUN}`, `&quot;&gt;&lt;script&gt;${RUN}`, `&NewLine;&Tab;javascript&colon;${RUN}`, `&bogus; &#0; &#xD800; &#1114112;`, `<img src=x onerror=&#95;&#95;xss=1>`, `&nvlt;script&nvgt;`, `&LT;script&GT;`,
]

const mutations = [
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`, `<svg></p><style><a id="</style><img src=x onerror=${RUN}>">`, `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${RUN}&gt;">`, `<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${RUN}>`,
  `<p><svg><p><style><g title="</style><img src=x onerror=${RUN}>">`, `<xmp><p title="</xmp><img src=x onerror=${RUN}>">`, `<listing>&lt;img src=x onerror=${RUN}&gt;</listing>`, `<title><a title="</title><img src=x onerror=${RUN}>">`, `<template><style></template><img src=x onerror=${RUN}></style>`, `<select><template><img src=x onerror=${RUN}></template></select>`,
  `<table><td><svg><desc><table><img src=x onerror=${RUN}>`, `<a title="&lt;/a&gt;&lt;img src=x onerror=${RUN}&gt;">x</a>`, `<img alt="<x" title="/><img src=x onerror=${RUN}>">`, `<<script>${RUN}//<</script>`, `<scr<script>ipt>${RUN}</scr</script>ipt>`, `<img """><script>${RUN}</script>">`, `<img src=\`x\` onerror=\`${RUN}\`>`, `<plaintext><img src=x onerror=${RUN}>`,
]

const invisible = [
  `<\u0000script>${RUN}</script>`, `<scr\u0000ipt>${RUN}</scr\u0000ipt>`, `java\u0000script:${RUN}`, `java\tscript:${RUN}`, `\u0001javascript:${RUN}`, `\u00a0javascript:${RUN}`, `<img\u000csrc=x\u000conerror=${RUN}>`, `<img\u2028src=x\u2029onerror=${RUN}>`, `x\u2028${RUN}\u2029//`, `x\u0085${RUN}`,
  `\u202e<script>${RUN}</script>\u202c`, `\u2066<img src=x onerror=${RUN}>\u2069`, `\u200b<\u200bscript>${RUN}`, `\ufeff<script>${RUN}</script>`, `\u202egpj.exe`, `\u2067\u2067\u2067${RUN}`, `<\ufffdscript>${RUN}</script>`, `＜script＞${RUN}＜/script＞`, `‹script›${RUN}‹/script›`, `<ſcript>${RUN}</ſcript>`, `<ımg src=x onerror=${RUN}>`, `e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301<b>`, `\u{e003c}\u{e0073}script`, `👩\u200d👩<img src=x onerror=${RUN}>`, `שלום<img src=x onerror=${RUN}>עולם`, `+ADw-script+AD4-${RUN}+ADw-/script+AD4-`,
]

const schemes = [
  'javascript:', 'JaVaScRiPt:', 'java\tscript:', 'javascript&colon;', '&#106;avascript:', '\u0001javascript:', 'vbscript:', 'data:text/html,', 'data:text/html;base64,', 'data:image/svg+xml,', 'file:///', 'blob:', 'about:', 'ws:', 'jar:', 'view-source:', 'feed:javascript:', 'filesystem:', '//evil.example/', '\\\\evil.example\\', 'https:javascript:', 'javascript://%0a', 'http:\\\\evil.example',
]
const links = schemes.flatMap(scheme => [`[click](${scheme}${RUN})`, `<${scheme}${RUN}>`, `[click][x]\n\n[x]: ${scheme}${RUN}`])

const markdown = [
  `![x](/x.png)`, `![x](x" onerror="${RUN})`, `![x](javascript:${RUN})`, `![x][y]\n\n[y]: /x.png`, `[x](<javascript:${RUN}>)`, `[x]( javascript:${RUN})`, `[x](javascript:${RUN} "title")`, `[x](https://a.example/" onmouseover="${RUN})`, `[x](https://a.example/ "\\" onmouseover=\\"${RUN}")`, `[<img src=x onerror=${RUN}>](https://a.example/)`,
  `https://a.example/"onmouseover="${RUN}`, `https://a.example/<script>${RUN}</script>`, `https://a.example/\u202egpj`, `[https://bank.example](https://evil.example/)`, `**<img src=x onerror=${RUN}>**`, `*<svg onload=${RUN}>*`, `~~<svg onload=${RUN}>~~`, `\`<svg onload=${RUN}>\``, `\`\`<img src=x onerror=${RUN}>\`\``, `# <img src=x onerror=${RUN}>`,
  `> <img src=x onerror=${RUN}>`, `- <img src=x onerror=${RUN}>`, `1. <script>${RUN}</script>`, `| <svg onload=${RUN}> | x |\n| --- | --- |\n| <img src=x onerror=${RUN}> | y |`, `\`\`\`\n<script>${RUN}</script>\n\`\`\``, `\`\`\`"><img src=x onerror=${RUN}>\ncode\n\`\`\``, `\`\`\`html\n</code></pre><script>${RUN}</script>\n\`\`\``, `~~~\n\`\`\`\n<script>${RUN}</script>\n\`\`\`\n~~~`, `\`\`\`\n\`\`\`\n<img src=x onerror=${RUN}>`, `    <script>${RUN}</script>`,
  `<div>\n\n<script>${RUN}</script>\n\n</div>`, `<!-- \n<img src=x onerror=${RUN}>\n-->`, `<details>\n<summary>x</summary>\n\n<img src=x onerror=${RUN}>\n</details>`, `[^1]\n\n[^1]: <img src=x onerror=${RUN}>`, `- [x] <svg onload=${RUN}>`, `[x]: javascript:${RUN}\n\n[x]`, `${'> '.repeat(60)}<img src=x onerror=${RUN}>`, `${'- '.repeat(60)}<svg onload=${RUN}>`, `${'['.repeat(200)}x${'](javascript:' + RUN + ')'}`, `${'*'.repeat(200)}<svg onload=${RUN}>${'*'.repeat(200)}`,
  `<mailto:x@a.example?subject=<script>${RUN}</script>>`, `<javascript:${RUN}@a.example>`, `www.a.example/<img src=x onerror=${RUN}>`, `x@a.example"onmouseover="${RUN}`, `\\<script>${RUN}\\</script>`, `\\[x](javascript:${RUN})`, `[x\\](javascript:${RUN})`, `[x](java\\script:${RUN})`, `***[x](javascript:${RUN})***`, `&#91;x&#93;&#40;javascript:${RUN}&#41;`,
]

/** Each a text that somebody sends. */
export const texts = [...new Set([...markup, ...brokenOut, ...templates, ...entities, ...mutations, ...invisible, ...links, ...markdown])]

/** Those in which nothing is Markdown: they must be shown as they are. */
export const literal = new Set([...markup, ...brokenOut, ...templates, ...entities, ...mutations, ...invisible].filter(text => !/[*`[\]~|\\]|__|^\s*[>#+-]|&\w|https?:/.test(text.replaceAll(RUN, ''))))

/** Each a name that somebody asks for; the server refuses some. */
export const names = [...new Set([
  ...texts.filter(text => [...text].length <= 40),
  `<b>bold</b>`, `<u>`, `<a href=//evil.example>x`, `<svg onload=${RUN}>`, `"><svg onload=${RUN}>`, `'-${RUN}-'`, `<i id=x>`, `<bdi>`, `</bdi>`, `</span><b>`, `<h1>Admin</h1>`, `<br>`, `<hr>`, `<p>`, `&nbsp;`, `&lt;b&gt;`, `&amp;`, `"'\``, `<`, `>`, `&`, `%`, `\\`, `**bold**`, `[x](//evil.example)`, `\`code\``, `# title`, `> quote`, `- list`, `1. list`,
  `https://evil.example`, `/r/general`, `#m1`, `@all`, `toString`, `hasOwnProperty`, `undefined`, `null`, `NaN`, `[object Object]`, `0`, `-1`, `1e309`, `true`, `valueOf`, `then`,
])]

/** Each a room's name, in a path. */
export const rooms = [`<script>${RUN}<script>`, `<img src=x onerror=${RUN}>`, `"><svg onload=${RUN}>`, `' onmouseover='${RUN}`, `javascript:${RUN}`, `{{${RUN}}}`, `\${${RUN}}`, `&lt;script&gt;`, `%3Cscript%3E`, `<base href=x>`, `__proto__`, `constructor`, `..%2f..%2fx`, `[x](javascript:${RUN})`, `?x#y`]
