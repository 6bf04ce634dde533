// Draws the charts of the figures' page from the numbers that stand in its tables too.
(() => {
  const data = document.getElementById("figures-data");
  if (!data || !window.Chart) return;
  const style = getComputedStyle(document.documentElement);
  const color = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const ink = color("--body-fg", "#1b1b1b");
  const lines = color("--hairline-color", "#e1e6eb");
  const fill = color("--link-fg", "#005ea2");
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  const axis = (more) => ({ grid: { color: lines }, ticks: { color: ink, ...more } });
  const draw = (canvas, chart) => {
    const across = chart.shape === "bar"; // a bar lies, so that its name has room
    const values = { ...axis({ precision: 0, callback: (value) => `${value}${chart.unit}` }), beginAtZero: true };
    if (chart.most) values.max = chart.most;
    const labels = across
      ? axis({ autoSkip: false, callback(value) { return short(this.getLabelForValue(value), canvas.clientWidth > 700 ? 48 : 22); } })
      : axis({ maxRotation: 45, autoSkipPadding: 12 });
    new window.Chart(canvas, {
      type: chart.shape,
      data: {
        labels: chart.labels,
        datasets: [{ data: chart.values, backgroundColor: fill, borderColor: fill, spanGaps: true, maxBarThickness: 26, pointRadius: 4 }],
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: across ? "y" : "x",
        scales: across ? { x: values, y: labels } : { x: labels, y: values },
        plugins: {
          legend: { display: false },
          title: { display: true, text: chart.title, color: ink, font: { size: 14 } },
          tooltip: { callbacks: { label: (item) => `${item.formattedValue}${chart.unit}` } },
        },
      },
    });
  };

  for (const [id, chart] of Object.entries(JSON.parse(data.textContent))) {
    const canvas = document.getElementById(id);
    if (canvas) draw(canvas, chart);
  }
})();
