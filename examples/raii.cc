// SPDX-License-Identifier: GPL-2.0-or-later
//
// raii.cc - the library in C++: what is opened closes itself
//
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <sva-accel.h>

struct unbind {
	void operator()(sva_context *ctx) const { sva_unbind(ctx, SVA_RELEASE_CLEAN); }
};

struct close_accel {
	void operator()(sva_accel *accel) const { sva_accel_close(accel); }
};

struct close_exec {
	void operator()(sva_accel_exec *exec) const { sva_accel_exec_close(exec, -1); }
};

static void must(int ret, const sva_context *ctx)
{
	if (ret < 0)
		throw std::runtime_error(sva_strreason(sva_context_reason(ctx)));
}

static std::vector<std::uint64_t> gather(sva_accel_exec *exec, const sva_context *ctx,
					 const std::vector<std::uint64_t> &table,
					 const std::vector<std::uint64_t> &index)
{
	std::vector<std::uint64_t> out(index.size());
	sva_accel_desc desc;
	std::uint64_t job;

	sva_accel_prep_gather(&desc, out.data(), table.data(), index.data(), index.size(),
			      sizeof(std::uint64_t), nullptr);
	must(sva_accel_exec_submit(exec, &desc, -1, &job), ctx);
	must(sva_accel_exec_wait(exec, job, -1, nullptr), ctx);
	return out;
}

static int run()
{
	sva_context *raw_ctx;
	must(sva_bind(nullptr, 0, &raw_ctx), nullptr);
	std::unique_ptr<sva_context, unbind> ctx(raw_ctx);

	sva_accel *raw_accel;
	must(sva_accel_open(ctx.get(), &raw_accel), ctx.get());
	std::unique_ptr<sva_accel, close_accel> accel(raw_accel);

	sva_accel_exec *raw_exec;
	must(sva_accel_exec_open(accel.get(), 0, &raw_exec), ctx.get());
	std::unique_ptr<sva_accel_exec, close_exec> exec(raw_exec);

	std::vector<std::uint64_t> table(1000), index(500);
	std::iota(table.begin(), table.end(), 5000u);
	for (std::size_t i = 0; i < index.size(); i++)
		index[i] = i * 7 % table.size();
	const std::vector<std::uint64_t> out = gather(exec.get(), ctx.get(), table, index);
	for (std::size_t i = 0; i < out.size(); i++) {
		if (out[i] != table[index[i]])
			return 1;
	}
	std::printf("%zu elements gathered\n", out.size());
	return 0;
}

int main()
{
	try {
		return run();
	} catch (const std::exception &error) {
		std::fprintf(stderr, "raii: %s\n", error.what());
		return 1;
	}
}
