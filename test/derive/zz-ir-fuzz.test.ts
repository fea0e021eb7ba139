import fc from "/work/main/node_modules/fast-check/lib/fast-check.js";
import { test, expect } from "vitest";
import { expressions } from "/work/main/test/support/expressions.ts"; import { discrepancy } from "/work/main/test/support/differences.ts";
import { interpretAll } from "/work/main/test/support/interpret.ts";
import { reachable } from "/work/main/compiler/ir/node.ts";
import * as G from "/work/main/compiler/ir/graph.ts";
import { gradient, reverse,forwardAll } from "/work/main/compiler/derive/differentiate.ts";
import { simplify } from "/work/main/compiler/simplify/simplify.ts";
import { print } from "/work/main/compiler/ir/print.ts";
test("fuzz", () => {
  const kinds = {}; let nodes=0, worst=0, tms=0, before=0, after=0;
  fc.assert(fc.property(expressions, (e) => {
    const g=e.graph;
    const f = G.sumAll(g, e.root);
    const gr = reverse(g, f, G.constant(g,1), e.inputs);
    const roots=[e.root, ...gr, ...forwardAll(g,gr,new Map(e.inputs.map(x=>[x,x])))];
    const r0 = reachable([e.root]); nodes+=r0.length;
    for (const n of r0) { const k = n.kind==="map"?n.fn:n.kind==="reduce"?n.fn:n.kind; kinds[k]=(kinds[k]??0)+1; }
    const t=performance.now(); const s=simplify(g, roots); const dt=performance.now()-t; tms+=dt; if(dt>100) console.log("slow",dt,reachable(roots).length);
    before+=reachable(roots).length; after+=reachable(s).length;
    const a=interpretAll(roots,e.values,e.sizes), b=interpretAll(s,e.values,e.sizes);
    for (let i=0;i<a.length;i++){ const d=discrepancy(b[i],a[i]); if(Number.isFinite(d)) worst=Math.max(worst,d); if(!(d<1e-8)) { throw new Error("differs "+d+" "+i);} }
    const again = simplify(g,s); if(!again.every((x,i)=>x===s[i])) throw new Error("not idempotent: "+again.map((x,i)=>x===s[i]?"":print(s[i])+" => "+print(x)).filter(Boolean).join("\n"));
  }), {numRuns: 12000, endOnFailure: false, interruptAfterTimeLimit: 60000});
  console.log(kinds, nodes, worst, tms, before, after);
}, 120000);
